import { scrubber } from "../../../../provider/kit/scrub";

const key = "-----BEGIN KEY-----\nAAAAB3NzaC1yc2E\nshort\nq7Pz0Lk2mN4\n-----END KEY-----\n";

it.each([
  ["as it is", "hu/sh", "no hu/sh here", "no [secret] here"],
  ["twice", "hush", "hush hush", "[secret] [secret]"],
  ["in JSON", 'a"b\nc', '{"x":"a\\"b\\nc"}', '{"x":"[secret]"}'],
  ["in a URL", "a b/c", "https://x/?p=a%20b%2Fc", "https://x/?p=[secret]"],
  ["in base64", "hush-hush", `Basic ${Buffer.from("hush-hush").toString("base64")}`, "Basic [secret]"],
  ["without its newline", "hush-hush\n", "got hush-hush", "got [secret]"],
  ["a line of a key", key, "bad line AAAAB3NzaC1yc2E", "bad line [secret]"],
  ["not the frame of a key", key, "no -----BEGIN KEY----- found", "no -----BEGIN KEY----- found"],
  ["characters of patterns", "a.*(b", "xx a.*(b a.xx(b", "xx [secret] a.xx(b"],
  ["nothing too short", "ab", "abc ab", "abc ab"],
  ["with half a surrogate pair", "hush\ud800", "hush\ud800", "[secret]"],
])("hides a secret %s", (_how, secret, text, shown) => {
  expect(scrubber([secret])(text)).toBe(shown);
});

it("takes the longest first, so that no rest of one is left", () => {
  expect(scrubber(["pass", "password1"])("password1 pass")).toBe("[secret] [secret]");
});
