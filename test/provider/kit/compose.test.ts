import { readFileSync } from "node:fs";
import path from "node:path";
import * as ours from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { main } from "@pulumi/pulumi/provider/server";
import { composed } from "../../../provider/kit/compose";
import { grpc, requireFromSdk } from "../../../provider/kit/sdk";

const root = path.resolve(__dirname, "../../..");

it("the SDK's main registers one service, the provider's, through addService", async () => {
  const { addService } = grpc.Server.prototype;
  const names: string[] = [];
  const stop = new Error("seen");
  const listeners = ["uncaughtException", "unhandledRejection", "exit"].map(
    (event) => [event, process.rawListeners(event)] as const,
  );
  const answers = (sdk: object) => {
    for (const name of ["construct", "call", "attach", "getSchema", "getPluginInfo", "diff"])
      expect(sdk).toHaveProperty(name);
    names.push(sdk.constructor.name);
    throw stop;
  };
  await expect(composed(answers, () => main({ version: "1" }, []))).rejects.toBe(stop);
  expect(names).toEqual(["Server"]);
  expect(grpc.Server.prototype.addService).toBe(addService);
  for (const [event, before] of listeners) {
    for (const listener of process.rawListeners(event)) {
      if (!before.includes(listener)) process.removeListener(event, listener as () => void);
    }
  }
});

it("refuses an SDK that registers no service, or two", async () => {
  const twice = async () => {
    const server = new grpc.Server();
    server.addService(ResourceProviderService, {});
    server.addService(EngineService, {});
  };
  await expect(
    composed(
      () => ({}),
      async () => {},
    ),
  ).rejects.toThrow("the Pulumi SDK registered 0 gRPC services, not one");
  await expect(composed(() => ({}), twice)).rejects.toThrow("the Pulumi SDK registered 2 gRPC services, not one");
});

it("puts our answers before the SDK's and leaves the rest alone", async () => {
  const sdk = { diff: () => "theirs", construct: () => "theirs" };
  let served: Record<string, () => string> = {};
  const original = grpc.Server.prototype.addService;
  grpc.Server.prototype.addService = function (_definition, implementation) {
    served = implementation as unknown as typeof served;
  };
  await composed(
    () => ({ diff: () => "ours" }) as never,
    async () => new grpc.Server().addService({}, sdk as never),
  );
  grpc.Server.prototype.addService = original;
  expect([served.diff(), served.construct(), served.list]).toEqual(["ours", "theirs", undefined]);
});

it("uses the SDK's copies of gRPC and protobuf, which are no dependencies of ours", () => {
  const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as Record<
    string,
    Record<string, string>
  >;
  for (const kind of ["dependencies", "devDependencies", "peerDependencies"]) {
    expect(Object.keys(manifest[kind] ?? {})).not.toContain("@grpc/grpc-js");
    expect(Object.keys(manifest[kind] ?? {})).not.toContain("google-protobuf");
  }
  expect(requireFromSdk.resolve("@grpc/grpc-js")).toBe(
    require.resolve("@grpc/grpc-js", { paths: [path.dirname(require.resolve("@pulumi/pulumi/provider/server"))] }),
  );
  expect(grpc.Server).toBe(ours.Server);
});

it("stays small: the shim is at most 40 lines", () => {
  expect(
    readFileSync(path.join(root, "provider/kit/compose.ts"), "utf8").trim().split("\n").length,
  ).toBeLessThanOrEqual(40);
});
