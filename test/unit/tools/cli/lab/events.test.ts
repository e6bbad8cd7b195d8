import { FleetProgress, timeByPhase } from "../../../../../tools/cli/lab/events";

const urn = (type: string, name: string) => `urn:pulumi:lab::p::rackform:index:BareMetalFleet$${type}::${name}`;
const step = (type: string, name: string, op = "create") => ({ metadata: { op, type, urn: urn(type, name) } });
const server = "rackform:redfish:Server";
const installation = "rackform:redfish:Installation";
const command = "command:remote:Command";

describe("progress of a fleet", () => {
  it("follows a server through its phases and adds up their times", () => {
    const progress = new FleetProgress(["node-1", "node-2"]);
    progress.take({ resourcePreEvent: step(server, "rack1-node-1") }, 1_000);
    expect(progress.all()[0]).toMatchObject({ status: "running", phase: "hardware", since: 1_000 });
    progress.take({ resOutputsEvent: step(server, "rack1-node-1") }, 3_000);
    progress.take({ resourcePreEvent: step(installation, "rack1-node-1-os") }, 4_000);
    progress.take({ resOutputsEvent: step(installation, "rack1-node-1-os") }, 64_000);
    progress.take({ resourcePreEvent: step(command, "rack1-node-1-base") }, 64_000);
    progress.take({ resOutputsEvent: step(command, "rack1-node-1-base") }, 70_000);
    expect(progress.all()[0]).toMatchObject({
      status: "done",
      times: [
        { phase: "hardware", seconds: 2 },
        { phase: "installation", seconds: 60 },
        { phase: "base preparation", seconds: 6 },
      ],
    });
    expect(progress.all()[1].status).toBe("waiting");
  });

  it("tells node-1 from node-10", () => {
    const progress = new FleetProgress(["node-1", "node-10"]);
    expect(progress.take({ resourcePreEvent: step(server, "rack1-node-10") }, 0)?.name).toBe("node-10");
    expect(progress.take({ resourcePreEvent: step(installation, "rack1-node-1-os") }, 0)?.name).toBe("node-1");
  });

  it("shows the plugin's newest words, without colours, and the first error", () => {
    const progress = new FleetProgress(["a"]);
    const about = urn(installation, "f-a-os");
    progress.take({ resourcePreEvent: step(installation, "f-a-os") }, 0);
    progress.take(
      { diagnosticEvent: { urn: about, severity: "info", message: "<{%reset%}>media fetched\n<{%reset%}>" } },
      1,
    );
    expect(progress.all()[0].detail).toBe("media fetched");
    progress.take({ diagnosticEvent: { urn: about, severity: "error", message: "no answer" } }, 2);
    progress.take({ diagnosticEvent: { urn: about, severity: "error", message: "update failed" } }, 3);
    progress.take({ resOpFailedEvent: step(installation, "f-a-os") }, 4_000);
    expect(progress.all()[0]).toMatchObject({ status: "failed", error: "no answer" });
  });

  it("calls a server unchanged when nothing was done to it", () => {
    const progress = new FleetProgress(["a"]);
    progress.take({ resourcePreEvent: step(server, "f-a", "same") }, 0);
    progress.take({ resOutputsEvent: step(server, "f-a", "same") }, 1);
    expect(progress.all()[0]).toMatchObject({ status: "unchanged", times: [] });
  });

  it("ignores what is no server's", () => {
    const progress = new FleetProgress(["a"]);
    expect(progress.take({ resourcePreEvent: step("pulumi:pulumi:Stack", "stack") }, 0)).toBeUndefined();
  });
});

it("sums time by phase over the servers", () => {
  const servers = [
    { name: "a", status: "done" as const, times: [{ phase: "installation" as const, seconds: 10 }] },
    { name: "b", status: "done" as const, times: [{ phase: "installation" as const, seconds: 30 }] },
  ];
  expect(timeByPhase(servers)).toEqual([{ phase: "installation", longest: 30, mean: 20, servers: 2 }]);
});
