// Command gen-sdk writes a Pulumi SDK for one language from a package schema, as `pulumi package gen-sdk` does, for
// machines whose language hosts cannot generate. usage: gen-sdk LANGUAGE VERSION SCHEMA.JSON OUT
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

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
			return python.GeneratePackage("rackform", pkg, nil, nil)
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
