import type { Metadata, StatusObject } from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import type * as anyModule from "google-protobuf/google/protobuf/any_pb";
import type * as structModule from "google-protobuf/google/protobuf/struct_pb";
import type { Scrub } from "./scrub";
import { grpc, requireFromSdk } from "./sdk";

const { Any } = requireFromSdk("google-protobuf/google/protobuf/any_pb") as typeof anyModule;
const { Struct } = requireFromSdk("google-protobuf/google/protobuf/struct_pb") as typeof structModule;

/** What goes back over gRPC instead of an answer. */
export type Failure = Pick<StatusObject, "code" | "details"> & { metadata?: Metadata };

/** What of a failed resource the engine keeps. Properties are in their wire form. */
export interface Kept {
  id: string;
  properties: Record<string, never>;
  inputs?: Record<string, never>;
  reasons: string[];
}

/** An error as the user reads it: its message and those of its causes, without a stack and without secrets. */
export function failureOf(error: unknown, scrub: Scrub): Failure {
  return { code: grpc.status.UNKNOWN, details: scrub(messageOf(error)) };
}

/** The resource exists, but is not as it should be: the engine saves it and tries again at the next update. */
export function initFailure(kept: Kept, scrub: Scrub): Failure {
  const reasons = kept.reasons.map(scrub);
  const detail = new ErrorResourceInitFailed();
  detail.setId(kept.id);
  detail.setProperties(Struct.fromJavaScript(kept.properties));
  detail.setReasonsList(reasons);
  if (kept.inputs) detail.setInputs(Struct.fromJavaScript(kept.inputs));
  const packed = new Any();
  packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new Status();
  const message = reasons.join("; ");
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(message);
  status.addDetails(packed);
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return { code: grpc.status.UNKNOWN, details: message, metadata };
}

/** `fetch failed` alone says nothing, so causes are added where the message does not carry them already. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === "string" ? error : "an unknown error was thrown";
  const inner = error instanceof AggregateError ? error.errors : error.cause === undefined ? [] : [error.cause];
  const own = error.message || error.name;
  const causes = inner.filter((cause) => cause instanceof Error).map(messageOf);
  return [own, ...causes.filter((cause) => !own.includes(cause))].join(": ");
}
