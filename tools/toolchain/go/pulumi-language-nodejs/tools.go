//go:build tools

// Package tools pins the program that tools/toolchain builds, and its dependencies.
package tools

import _ "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs"
