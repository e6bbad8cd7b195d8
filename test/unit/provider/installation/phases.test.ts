import { Phases } from "../../../../provider/installation/phases";
import { minutes } from "../../../../provider/installation/words";

it("adds up where the time goes", () => {
  let now = 0;
  const phases = new Phases(() => now);
  const spend = (name: Parameters<Phases["enter"]>[0], seconds: number) => {
    phases.enter(name);
    now += seconds * 1000;
  };
  spend("prepare", 1);
  spend("media", 2);
  spend("boot", 3);
  phases.enter("boot");
  expect(phases.elapsed).toBe(3);
  spend("media", 4.04);
  expect(phases.running).toBe("media");
  expect(phases.list()).toEqual([
    { name: "prepare", seconds: 1 },
    { name: "media", seconds: 6 },
    { name: "boot", seconds: 3 },
  ]);
  phases.end();
  now += 100_000;
  expect(phases.list()[1].seconds).toBe(6);
});

it.each([
  [0, "0 s"],
  [59.4, "59 s"],
  [60, "1 min"],
  [200, "3 min 20 s"],
  [3600, "1 h"],
  [3900, "1 h 5 min"],
])("writes %d s as %s", (seconds, text) => expect(minutes(seconds)).toBe(text));
