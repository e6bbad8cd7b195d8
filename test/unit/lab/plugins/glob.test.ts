import { globPattern } from "../../../../lab/plugins/command/glob";
import { quoted } from "../../../../lab/plugins/command/process-output";

it.each([
  ["*.js", ["a.js"], ["a/b.js", "a.jsx"]],
  ["**.js", ["a.js", "a/b/c.js"], ["a.ts"]],
  ["src/**", ["src/a", "src/a/b"], ["srca", "lib/a"]],
  ["a?c", ["abc"], ["a/c", "ac"]],
  ["[ab]x", ["ax", "bx"], ["cx"]],
  ["[!ab]x", ["cx"], ["ax"]],
  ["{a,b*}.txt", ["a.txt", "bcd.txt"], ["c.txt"]],
  ["a\\*b", ["a*b"], ["axb"]],
  ["a.b+c(d)", ["a.b+c(d)"], ["aXb+c(d)"]],
])("%s", (rule, matching, others) => {
  const pattern = globPattern(rule);
  for (const file of matching) expect(file).toMatch(pattern);
  for (const file of others) expect(file).not.toMatch(pattern);
});

it("quotes as Go does", () => {
  expect(quoted('say "hi"\n\tto \\ \u0001\u007f é')).toBe('"say \\"hi\\"\\n\\tto \\\\ \\x01\\x7f é"');
});
