import type * as grpcModule from "@grpc/grpc-js";
import { createRequire } from "node:module";

/** Resolves from the Pulumi SDK, so that gRPC and protobuf are its own copies and not second ones of ours. */
export const requireFromSdk = createRequire(require.resolve("@pulumi/pulumi/package.json"));

/** The SDK's copy of @grpc/grpc-js: a server of another copy would not be the one that `provider.main` starts. */
export const grpc = requireFromSdk("@grpc/grpc-js") as typeof grpcModule;
