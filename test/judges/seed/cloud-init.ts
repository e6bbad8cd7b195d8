import { execFileSync } from "node:child_process";
import path from "node:path";
import type { Need } from "../../setup/need";
import { judgesPython } from "../../setup/python";
import { debian, debianPackage } from "../debian-package";

/** cloud-init is in no Python index, and one that is installed takes over the machine at the next boot: Debian's, unpacked only. */
export function cloudInitNeed(): Need {
  return debian("cloud-init");
}

/** What `cloud-init schema` says about a file of user data; throws when it refuses it. */
export function cloudInit(file: string): string {
  return execFileSync(judgesPython()!, ["-m", "cloudinit.cmd.main", "schema", "-c", file], {
    encoding: "utf8",
    stdio: "pipe",
    env: { ...process.env, PYTHONPATH: path.join(debianPackage("cloud-init")!, "usr/lib/python3/dist-packages") },
  });
}
