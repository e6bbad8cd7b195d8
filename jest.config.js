// One project a layer, so that `--selectProjects` chooses what runs. test/<layer>/ mirrors the source tree.
const layers = ["unit", "provider", "judges", "engine", "lab"];

module.exports = {
  projects: layers.map((layer) => ({
    displayName: layer,
    testEnvironment: "node",
    testMatch: [`<rootDir>/test/${layer}/**/*.test.ts`],
    transform: { "^.+\\.ts$": ["@swc/jest", { jsc: { target: "es2022", parser: { syntax: "typescript" } } }] },
    modulePathIgnorePatterns: ["<rootDir>/bin/"],
    setupFilesAfterEnv: [`<rootDir>/test/setup/${layer}.ts`],
  })),
};
