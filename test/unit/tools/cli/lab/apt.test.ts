import { aptArchive, archiveIn } from "../../../../../tools/cli/lab/apt";

test.each([
  ["deb http://deb.debian.org/debian bookworm main", "http://deb.debian.org/debian"],
  ["deb [signed-by=/k.gpg] https://mirror.example.com/debian/ bookworm main", "https://mirror.example.com/debian"],
  [
    "# http://snapshot.example.com/debian\nURIs: http://mirror.example.com/debian\n",
    "http://mirror.example.com/debian",
  ],
  ["deb http://archive.ubuntu.com/ubuntu noble main", undefined],
  ["deb http://deb.debian.org/debian-security bookworm-security main", undefined],
  ["", undefined],
])("archive in %j", (text, expected) => {
  expect(archiveIn(text)).toBe(expected);
});

test("no file, no archive", () => {
  expect(aptArchive(["/nonexistent/sources.list"])).toBeUndefined();
});
