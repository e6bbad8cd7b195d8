import type { DialectName } from "../../../lab/bmc";
import { dialects, Emulated } from "./emulator";
import { faultCases, type Operation, operations, remember } from "./matrix";

const soak = process.env.RACKFORM_SOAK === "1";

/** A ninth of all combinations, spread over operations, faults and dialects; all of them when soaking. */
function sampled(operation: Operation, dialect: DialectName) {
  const row = operations.indexOf(operation);
  const suitable = faultCases.filter(({ writes }) => !(writes && operation.readsOnly));
  const chosen = suitable.filter((_, column) => soak || (row + 2 * column + 3 * dialects.indexOf(dialect)) % 9 === 0);
  covered += chosen.length;
  total += suitable.length;
  return chosen;
}

let covered = 0;
let total = 0;

afterAll(() => process.stdout.write(`operations under faults: ${covered} of ${total} combinations covered\n`));

describe.each(dialects)("operations on %s", (dialect) => {
  let lab: Emulated;
  beforeEach(async () => (lab = await Emulated.start(dialect)));
  afterEach(() => lab.close());

  describe.each(operations)("$name", (operation) => {
    const { prepare, run, wrong } = operation;

    it("does it, and writes nothing when asked again", async () => {
      prepare?.(lab.bmc);
      const client = remember(lab.client(), dialect);
      expect(wrong(lab.bmc, await run(client))).toBeUndefined();
      lab.requests();
      expect(wrong(lab.bmc, await run(client))).toBeUndefined();
      const again = lab.requests().filter((line) => !line.startsWith("GET"));
      expect(operation.writesAlways ? [] : again).toEqual([]);
    });

    it.each(sampled(operation, dialect))("survives: $name", async ({ rules }) => {
      prepare?.(lab.bmc);
      rules.forEach((rule) => lab.bmc.faults.add(rule));
      const client = remember(lab.client({ requestTimeoutSeconds: 0.4 }), dialect);
      expect(wrong(lab.bmc, await run(client))).toBeUndefined();
    });
  });
});
