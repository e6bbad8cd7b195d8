import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../../tools/toolchain/root";

interface Entry {
  version?: string;
  resolved?: string;
  optionalDependencies?: Record<string, string>;
}

const lock = JSON.parse(readFileSync(join(packageRoot(), "package-lock.json"), "utf8")) as {
  packages: Record<string, Entry>;
};

test("the lock file holds the packages of every platform (mend: node tools/complete-lock.mjs)", () => {
  const absent = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !lock.packages[`node_modules/${name}`] && !lock.packages[`${path}/node_modules/${name}`],
    ),
  );
  expect(absent).toEqual([]);
});

test("the lock file records no download addresses", () => {
  expect(Object.values(lock.packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
});
