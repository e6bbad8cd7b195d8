import { join } from "node:path";
import { main } from "../../../../tools/cli/main";

const folder = join(__dirname, "commands-for-tests");

async function call(...argv: string[]) {
  const said = { out: "", err: "" };
  const out = jest.spyOn(process.stdout, "write").mockImplementation((text) => Boolean((said.out += String(text))));
  const err = jest.spyOn(process.stderr, "write").mockImplementation((text) => Boolean((said.err += String(text))));
  try {
    return { code: await main(argv, folder), ...said };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

test.each<[string[], number, RegExp, RegExp]>([
  [[], 2, /^usage: rackform <command>/, /^$/],
  [["--help"], 0, /greet {2}says hello/, /^$/],
  [["help"], 0, /greet/, /^$/],
  [["--version"], 0, /^\d+\.\d+\.\d+\n$/, /^$/],
  [["greet", "you"], 0, /^hello you\n$/, /^$/],
  [["greet", "you", "--loud"], 0, /^hello you!\n$/, /^$/],
  [["greet", "three"], 3, /^hello three/, /^$/],
  [["greet", "--help"], 0, /^usage: rackform greet <name>/, /^$/],
  [["greet"], 2, /^$/, /^rackform greet: missing argument <name>\n\nusage: rackform greet/],
  [["greet", "a", "b"], 2, /^$/, /unexpected argument "b"; this command takes at most 1/],
  [["greet", "a", "--lout"], 2, /^$/, /unknown option '--lout'; allowed: --loud/],
  [["gret"], 2, /^$/, /unknown command "gret"; allowed: greet/],
  [["../main"], 2, /^$/, /unknown command/],
])("rackform %j exits with %i", async (argv, code, out, err) => {
  const said = await call(...argv);
  expect(said.code).toBe(code);
  expect(said.out).toMatch(out);
  expect(said.err).toMatch(err);
});

test("other errors are the caller's", async () => {
  await expect(call("greet", "nobody")).rejects.toThrow("nobody is there");
});
