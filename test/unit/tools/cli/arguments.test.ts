import { optionHelp, parse, UsageError, type OptionSpec } from "../../../../tools/cli/arguments";

const options: Record<string, OptionSpec> = {
  deployment: { type: "string", short: "d", value: "NAME", help: "which deployment", default: "fleet" },
  servers: { type: "string", help: "how many" },
  yes: { type: "boolean", help: "ask nothing" },
};

test.each<[string[], Record<string, string>, string[], string[]]>([
  [[], { deployment: "fleet" }, [], []],
  [["--deployment", "converged"], { deployment: "converged" }, [], []],
  [["-d", "x", "--servers=4", "--yes"], { deployment: "x", servers: "4" }, ["yes"], []],
  [["node-1", "--", "--yes"], { deployment: "fleet" }, [], ["node-1", "--yes"]],
])("%j", (argv, values, flags, positionals) => {
  const parsed = parse(argv, options, ["[node]", "[command...]"]);
  expect(Object.fromEntries(parsed.values)).toEqual(values);
  expect([...parsed.flags]).toEqual(flags);
  expect(parsed.positionals).toEqual(positionals);
});

test.each<[string[], string[], RegExp]>([
  [["--deploy", "x"], [], /unknown option '--deploy'; allowed: --deployment, --servers, --yes/],
  [["--servers"], [], /option '--servers <value>' argument missing/],
  [["--yes=1"], [], /option '--yes' does not take an argument/],
  [["surplus"], [], /unexpected argument "surplus"; this command takes no argument/],
  [[], ["node"], /missing argument <node>/],
])("%j with %j is refused", (argv, positionals, message) => {
  expect(() => parse(argv, options, positionals)).toThrow(UsageError);
  expect(() => parse(argv, options, positionals)).toThrow(message);
});

test("a command without options says so", () => {
  expect(() => parse(["--x"], {})).toThrow(/this command takes no options/);
});

test("help lines are aligned", () => {
  expect(optionHelp(options)).toBe(
    [
      "  -d, --deployment NAME  which deployment",
      "  --servers VALUE        how many",
      "  --yes                  ask nothing",
    ].join("\n"),
  );
});
