import fc from "fast-check";
import { formatPath, isWithin, parsePath } from "../../../../provider/kit/paths";

it("writes paths as Pulumi does", () => {
  expect(formatPath(["drives", 0, "size"])).toBe("drives[0].size");
  expect(formatPath(["labels", "a.b"])).toBe('labels["a.b"]');
  expect(formatPath(["a.b", "c"])).toBe('["a.b"].c');
  expect(formatPath(["a", "", 1])).toBe('a[""][1]');
});

it("reads what it writes", () => {
  const step = fc.oneof(
    fc.nat(),
    fc.string().filter((text) => text !== "*"),
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 1 }), (path) => {
      expect(parsePath(formatPath(path))).toEqual(path);
    }),
  );
});

it.each(["a[", "a[x]", 'a["b]', "a]"])("refuses %s", (text) => {
  expect(() => parsePath(text)).toThrow(`property path "${text}" cannot be read`);
});

it("knows what lies within what", () => {
  expect(isWithin(parsePath("a[0].b"), parsePath("a"))).toBe(true);
  expect(isWithin(parsePath("a[0].b"), parsePath("a[*].b"))).toBe(true);
  expect(isWithin(parsePath("a.x.b"), parsePath("a.*"))).toBe(true);
  expect(isWithin(parsePath("a[0]"), parsePath("a[0].b"))).toBe(false);
  expect(isWithin(parsePath("ab"), parsePath("a"))).toBe(false);
});
