//go:build tools

// Package tools pins the program that tools/toolchain builds, and its dependencies.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
