// Command gen-sdk writes a Pulumi SDK for one language from a package schema, as `pulumi package gen-sdk` does, for
// machines whose language hosts cannot generate. usage: gen-sdk LANGUAGE VERSION SCHEMA.JSON OUT
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: gen-sdk LANGUAGE VERSION SCHEMA.JSON OUT")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(language, version, source, out string) error {
	text, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal(text, &spec); err != nil {
		return err
	}
	spec.Version = version
	pkg, diags, err := schema.BindSpec(spec, schema.NewNullLoader(), schema.ValidationOptions{})
	if err != nil {
		return err
	}
	if diags.HasErrors() {
		return fmt.Errorf("the schema does not bind: %w", diags)
	}
	generate, ok := map[string]func() (map[string][]byte, error){
		"python": func() (map[string][]byte, error) {
			return python.GeneratePackage("rackform", pkg, nil, schema.NewCachedLoader(dependencies{}))
		},
	}[language]
	if !ok {
		return fmt.Errorf("no generator for %s", language)
	}
	files, err := generate()
	if err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(out, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// dependencies is the loader of a schema whose dependencies only have to be named: none of their types is used.
type dependencies struct{}

func (dependencies) LoadPackage(name string, version *semver.Version) (*schema.Package, error) {
	return &schema.Package{Name: name, Namespace: "pulumi", Version: version}, nil
}

func (d dependencies) LoadPackageV2(_ context.Context, wanted *schema.PackageDescriptor) (*schema.Package, error) {
	return d.LoadPackage(wanted.Name, wanted.Version)
}

func (d dependencies) LoadPackageReference(name string, version *semver.Version) (schema.PackageReference, error) {
	pkg, err := d.LoadPackage(name, version)
	if err != nil {
		return nil, err
	}
	return pkg.Reference(), nil
}

func (d dependencies) LoadPackageReferenceV2(
	_ context.Context, wanted *schema.PackageDescriptor,
) (schema.PackageReference, error) {
	return d.LoadPackageReference(wanted.Name, wanted.Version)
}
