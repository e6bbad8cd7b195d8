import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import {
  compare,
  leftoverProcesses,
  mountsUnder,
  runMarker,
  type Inventory,
} from "../../../../tools/test-runner/leaks";
import { describeWith } from "../../../setup/need";

const empty: Inventory = { containers: [], networks: [], links: [], mounts: [] };

test.each<[string, Partial<Inventory>, Partial<Inventory>, string[]]>([
  ["nothing changed", { links: ["lo", "eth0"] }, { links: ["lo", "eth0"] }, []],
  ["what went away is no leak", { containers: ["1 a"] }, {}, []],
  ["a container", { containers: ["1 a"] }, { containers: ["1 a", "2 b"] }, ["container 2 b"]],
  [
    "one of each",
    {},
    { containers: ["1 a"], networks: ["n"], links: ["veth0"], mounts: ["/m"] },
    ["container 1 a", "podman network n", "network link veth0", "mount /m"],
  ],
])("%s", (_, before, after, leaks) => {
  expect(compare({ ...empty, ...before }, { ...empty, ...after })).toEqual(leaks);
});

test("mounts count only under the given folders", () => {
  const mountinfo = [
    "21 1 8:1 / / rw - ext4 /dev/vda rw",
    "30 21 0:5 / /cache/root rw - overlay overlay rw",
    "31 21 0:6 / /cache\\040with\\040blanks/x rw - tmpfs tmpfs rw",
    "32 21 0:7 / /cachet/x rw - tmpfs tmpfs rw",
    "33 21 0:8 / /tmp/rf-1 rw - tmpfs tmpfs rw",
  ].join("\n");
  expect(mountsUnder(mountinfo, ["/cache", "/tmp/rf-1"])).toEqual(["/cache/root", "/tmp/rf-1"]);
  expect(mountsUnder(mountinfo, ["/cache with blanks"])).toEqual(["/cache with blanks/x"]);
});

const procfs = { present: existsSync("/proc/self/environ"), reason: "this system has no /proc" };

describeWith([procfs], "leftoverProcesses", () => {
  test("finds a process by the mark in its environment, and only that", async () => {
    const id = `test-${process.pid}`;
    const start = (mark: string) =>
      spawn("sleep", ["60"], { env: { ...process.env, [runMarker]: mark }, stdio: "ignore" });
    const [ours, other] = [start(id), start("another-run")];
    try {
      const pids = (await leftoverProcesses(id, "/nonexistent")).map(({ pid }) => pid);
      expect(pids).toEqual([ours.pid]);
    } finally {
      const gone = [ours, other].map((child) => new Promise((resolve) => child.once("exit", resolve)));
      ours.kill("SIGKILL");
      other.kill("SIGKILL");
      await Promise.all(gone);
    }
    expect(await leftoverProcesses(id, "/nonexistent")).toEqual([]);
  });
});
