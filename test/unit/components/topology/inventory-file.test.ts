import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import Ajv from "ajv";
import fc from "fast-check";
import { parse } from "yaml";
import { FIELDS, inventorySchema } from "../../../../components/topology/inventory-fields";
import { parseInventory, readInventoryFile } from "../../../../components/topology/inventory-file";

const committed = JSON.parse(
  readFileSync(path.resolve(__dirname, "../../../../components/topology/inventory.schema.json"), "utf8"),
) as object;

const YAML = `# rack 1
defaults:
  rack: r1
  bmcUsername: root
servers:
  - name: control-1
    role: control
    bmc: https://10.0.0.11
    serialNumber: "7XK2Q13"
    mac: aa:bb:cc:00:00:01
    bmcPassword: hunter2
  - name: storage-1
    role: storage
    rack: r2
    bmc: 10.0.0.12
    slot: 7
    nics:
      - { name: eno1, mac: "aa:bb:cc:00:00:02" }
    addresses:
      storage: [10.1.0.5, "fd00:1::5"]
    labels: { tier: gold }
`;

const CSV = `\uFEFFname,role,bmc,serialNumber,mac,rack,slot,nics,addresses,labels,bmcUsername,bmcPassword
# rack 1
control-1,control,https://10.0.0.11,7XK2Q13,aa:bb:cc:00:00:01,r1,,,,,root,hunter2

storage-1,storage,10.0.0.12,,,r2,7,eno1=aa:bb:cc:00:00:02,storage=10.1.0.5;storage=fd00:1::5,tier=gold,root,
`;

describe("parseInventory", () => {
  it("reads the same from YAML and from CSV, credentials apart", () => {
    const fromYaml = parseInventory(YAML, "rack.yaml");
    const fromCsv = parseInventory(CSV, "rack.csv");
    expect(fromYaml.mistakes).toEqual([]);
    expect(fromCsv.mistakes).toEqual([]);
    expect(fromCsv.servers.map(({ spec }) => spec)).toEqual(fromYaml.servers.map(({ spec }) => spec));
    expect(fromYaml.servers[1].spec).toEqual({
      name: "storage-1",
      role: "storage",
      rack: "r2",
      bmc: "10.0.0.12",
      slot: 7,
      nics: [{ name: "eno1", mac: "aa:bb:cc:00:00:02" }],
      addresses: { storage: ["10.1.0.5", "fd00:1::5"] },
      labels: { tier: "gold" },
    });
    expect(fromYaml.credentials).toEqual({
      "control-1": { username: "root", password: "hunter2" },
      "storage-1": { username: "root" },
    });
    expect(JSON.stringify(fromYaml.servers)).not.toContain("hunter2");
  });

  it("knows the line of every field", () => {
    const [control, storage] = parseInventory(YAML, "rack.yaml").servers;
    expect(control.origin.path("mac")).toBe("inventoryFile");
    expect(control.origin.prefix("mac")).toBe("rack.yaml line 10, mac: ");
    expect(control.origin.prefix("rack")).toBe("rack.yaml line 3, rack: ");
    expect(storage.origin.prefix("nics[0].mac")).toBe("rack.yaml line 17, nics[0].mac: ");
    expect(storage.origin.prefix("uuid")).toBe("rack.yaml line 12, uuid: ");
    expect(parseInventory(CSV, "rack.csv").servers[1].origin.prefix("slot")).toBe("rack.csv line 5, slot: ");
  });

  it.each([
    ["a.yaml", "", ["a.yaml: is empty; it needs a list called servers"]],
    ["a.yaml", "- name: x", ["a.yaml line 1: is not a mapping; begin with servers: and a list"]],
    [
      "a.yaml",
      "server:\n  - name: x",
      [
        "a.yaml line 1: server: there is no such section; allowed are defaults and servers",
        "a.yaml line 1: servers: is missing or not a list",
      ],
    ],
    ["a.yaml", "servers: 7", ["a.yaml line 1: servers: is missing or not a list"]],
    [
      "a.yaml",
      "servers:\n  - x\n  - name: y",
      ["a.yaml line 2: servers: has an entry that is not a mapping; write - name: node-1"],
    ],
    ["a.yaml", "servers:\n  - role: x", ["a.yaml line 2, name: is missing; every server needs one"]],
    [
      "a.yaml",
      "servers:\n  - name: x\n    nmae: y\n    serial: z",
      [
        "a.yaml line 3, nmae: there is no such field; allowed are ",
        "a.yaml line 4, serial: there is no such field; allowed are ",
      ],
    ],
    [
      "a.yaml",
      "servers:\n  - name: x\n    slot: seven\n    serialNumber: 123",
      [
        'a.yaml line 3, slot: "seven" is not an integer from 0 to 1048576',
        "a.yaml line 4, serialNumber: 123 is not text; put it in quotes",
      ],
    ],
    [
      "a.yaml",
      "servers:\n  - name: x\n    labels: [a]\n    nics: {eno1: aa}\n    addresses: {storage: 10.0.0.1}",
      [
        'a.yaml line 3, labels: ["a"] is not a mapping of names to texts',
        'a.yaml line 4, nics: {"eno1":"aa"} is not a list of ports',
        'a.yaml line 5, addresses: {"storage":"10.0.0.1"} has a value that is not a list of texts',
      ],
    ],
    [
      "a.yaml",
      "servers:\n  - name: x\n    role: ''",
      ['a.yaml line 3, role: "" is empty; leave the field out instead'],
    ],
    ["a.yaml", 'servers:\n  - name: x\n    rack: "a\\nb"', ['a.yaml line 3, rack: "a\\nb" holds control characters']],
    [
      "a.yaml",
      "servers:\n  - name: x\n    bmcPassword: 12345",
      ["a.yaml line 3, bmcPassword: is not text; put it in quotes"],
    ],
    ["a.yaml", "servers:\n  - name: x\n    name: y", ["a.yaml line 3: Map keys must be unique"]],
    ["a.yaml", "servers: [\n", ["a.yaml line 2: Flow sequence in block collection"]],
    ["a.yaml", "servers: []\n---\nservers: []", ["a.yaml: holds several YAML documents; keep one"]],
    ["a.yaml", "defaults: 7\nservers: []", ["a.yaml line 1: defaults: is not a mapping of fields to values"]],
    [
      "a.yaml",
      "defaults: {name: x}\nservers: []",
      ["a.yaml line 1: defaults.name: names are unique; a default makes no sense"],
    ],
    ["a.json", '{"servers": [{"name": "x", "port": 0}]}', ["a.json line 1, port: 0 is not an integer from 1 to 65535"]],
    ["a.csv", "", ["a.csv: is empty; the first line names the columns, such as name,role,bmc,serialNumber"]],
    [
      "a.csv",
      "role,bmc\ncontrol,x",
      ["a.csv line 1: there is no column called name", "a.csv line 2, name: is missing; every server needs one"],
    ],
    ["a.csv", "name,name\nx,y", ["a.csv line 1: column name is there twice"]],
    ["a.csv", "name,,role\nx,y,z", ["a.csv line 1: column 2 has no name"]],
    ["a.csv", "name,role\nx,y,z", ["a.csv line 2: has 3 cells but there are 2 columns; quote cells that hold commas"]],
    [
      "a.csv",
      "name,labels,slot\nx,gold,-1",
      ['a.csv line 2, labels: "gold" is not a mapping', 'a.csv line 2, slot: "-1" is not an integer'],
    ],
    ["a.csv", 'name,role\nx,"y', ["a.csv line 2: the quotes do not match up (CSV_QUOTE_NOT_CLOSED)"]],
    ["a.csv", "name,colour\nx,red", ["a.csv line 2, colour: there is no such field"]],
    ["a.txt", "x", ['a.txt: the extension ".txt" is unknown; allowed are .yaml, .yml, .json and .csv']],
    ["a.yaml", "servers: []\u0000", ["a.yaml: holds NUL bytes; save it as UTF-8 text"]],
  ])("%s %j", (name, text, messages) => {
    const found = parseInventory(text, name).mistakes.map(({ message }) => message);
    expect(found).toHaveLength(messages.length);
    found.forEach((message, index) => expect(message.startsWith(messages[index])).toBe(true));
  });

  it("stops an alias bomb with a message", () => {
    const bomb = [
      "servers:",
      "  - name: x",
      "    labels: &a0 {k: v}",
      ...Array.from({ length: 12 }, (_, i) => `  - labels: &a${i + 1} [${Array(10).fill(`*a${i}`).join(", ")}]`),
    ].join("\n");
    const { mistakes } = parseInventory(bomb, "a.yaml");
    expect(mistakes.some(({ message }) => /alias/i.test(message))).toBe(true);
  });

  it("takes names of Object's prototype for what they are", () => {
    const { servers, mistakes, credentials } = parseInventory(
      "name,addresses,labels,bmcPassword\n__proto__,constructor=10.0.0.1,__proto__=x,p",
      "a.csv",
    );
    expect(mistakes).toEqual([]);
    expect(servers[0].spec.addresses).toEqual({ constructor: ["10.0.0.1"] });
    expect(Object.keys(credentials)).toEqual(["__proto__"]);
  });

  it("never throws, whatever the text", () => {
    const name = fc.constantFrom("a.yaml", "a.csv", "a.json");
    const fragments = fc.array(
      fc.constantFrom(
        "servers:",
        "\n",
        "  ",
        "- ",
        "name",
        ": ",
        "x",
        "{",
        "}",
        "[",
        "]",
        "&a ",
        "*a ",
        ",",
        '"',
        "'",
        "#",
        "!!int ",
        "? ",
        "|",
        "<<",
        "\t",
        "~",
        "7",
        "__proto__",
        "nics",
        "=",
      ),
      { maxLength: 40 },
    );
    const text = fc.oneof(
      fc.string(),
      fragments.map((parts) => parts.join("")),
      fragments.map((parts) => `servers:\n  - name: x\n    ${parts.join("")}`),
    );
    fc.assert(
      fc.property(name, text, (file, content) => Array.isArray(parseInventory(content, file).servers)),
      { numRuns: 1500 },
    );
  });
});

describe("readInventoryFile", () => {
  it("reads a file, and tells of one that is not there", () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "rackform-inventory-"));
    try {
      const file = path.join(folder, "rack.yaml");
      writeFileSync(file, YAML);
      expect(readInventoryFile(file).servers).toHaveLength(2);
      expect(readInventoryFile(path.join(folder, "none.yaml")).mistakes[0].message).toMatch(
        /none\.yaml: there is no such file; paths are relative/,
      );
      expect(readInventoryFile(folder).mistakes).toHaveLength(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("inventory.schema.json", () => {
  const validate = new Ajv({ allErrors: true }).compile(committed);

  it("is what the table of fields says", () => {
    expect(committed).toEqual(inventorySchema());
  });

  it("agrees with the reader", () => {
    const documents = [
      YAML,
      "servers: []",
      ...FIELDS.filter(({ name }) => name !== "name").map(({ name }) => `servers: [{name: x, ${name}: [7]}]`),
      "servers: [{name: x, labels: {a: 1}}]",
      "servers: [{name: x, nics: [{name: eno1}]}]",
      "servers: [{name: x, slot: -1}]",
      "servers: [{name: x, colour: red}]",
      "servers: [{role: control}]",
      "servers: 7",
    ];
    for (const document of documents) {
      const good = parseInventory(document, "a.yaml").mistakes.length === 0;
      expect([document, validate(parse(document))]).toEqual([document, good]);
    }
  });
});
