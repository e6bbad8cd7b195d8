import { elapsed, paint, Status, table } from "../../../../tools/cli/terminal";

test.each([
  [0, "0 ms"],
  [999, "999 ms"],
  [1000, "1.0 s"],
  [59_949, "59.9 s"],
  [59_950, "1 min 00 s"],
  [187_000, "3 min 07 s"],
  [3_600_000, "60 min 00 s"],
])("%i ms reads %s", (milliseconds, text) => {
  expect(elapsed(milliseconds)).toBe(text);
});

test("columns are as wide as their widest cell, without trailing blanks", () => {
  expect(table(["server", "power"], [["node-1", "On"], ["n2", "PoweringOn"], ["n3"]])).toBe(
    "server  power\nnode-1  On\nn2      PoweringOn\nn3",
  );
});

test("colours appear on a terminal only", () => {
  const write = () => true;
  expect(paint({ write, isTTY: false }).red("no")).toBe("no");
  const saved = process.env.NO_COLOR;
  delete process.env.NO_COLOR;
  expect(paint({ write, isTTY: true }).red("no")).toBe("\u001b[31mno\u001b[0m");
  process.env.NO_COLOR = "1";
  expect(paint({ write, isTTY: true }).red("no")).toBe("no");
  if (saved === undefined) delete process.env.NO_COLOR;
  else process.env.NO_COLOR = saved;
});

describe("Status", () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  function collect(isTTY: boolean) {
    let text = "";
    const sink = { write: (more: string) => (text += more), isTTY, columns: 40 };
    return { sink, said: () => text };
  }

  test("on a terminal the line is rewritten and removed at the end", () => {
    const { sink, said } = collect(true);
    const status = new Status(sink, () => "installing");
    jest.advanceTimersByTime(2000);
    status.line("node-1 is up");
    status.stop();
    expect(said()).toContain("installing (0 ms)");
    expect(said()).toContain("installing (2.0 s)");
    expect(said()).toContain("node-1 is up\n");
    expect(said().endsWith("\r\u001b[K")).toBe(true);
  });

  test("in a log a line appears only when nothing was said for long", () => {
    const { sink, said } = collect(false);
    const status = new Status(sink, () => "installing", 30);
    jest.advanceTimersByTime(29_000);
    expect(said()).toBe("");
    jest.advanceTimersByTime(2_000);
    expect(said()).toBe("installing (30.0 s)\n");
    status.stop();
    jest.advanceTimersByTime(100_000);
    expect(said()).toBe("installing (30.0 s)\n");
  });
});
