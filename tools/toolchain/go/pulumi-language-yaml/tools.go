//go:build tools

// Package tools pins the program that tools/toolchain builds, and its dependencies.
package tools

import _ "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml"
