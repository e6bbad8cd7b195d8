import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node as YamlNode,
  type Pair,
  parseAllDocuments,
  type YAMLMap,
} from "yaml";
import type { Located, RawInventory, RawServer } from "./inventory-file";

/** Reads `{ defaults?, servers }` with the line of every field. JSON is YAML too. */
export function readYaml(text: string): RawInventory {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true, merge: false, version: "1.2" });
  const raw: RawInventory = { servers: [], mistakes: [] };
  if (!Array.isArray(documents) || documents.length === 0) {
    raw.mistakes.push({ message: "is empty; it needs a list called servers" });
    return raw;
  }
  if (documents.length > 1) raw.mistakes.push({ message: "holds several YAML documents; keep one" });
  const document = documents[0];
  const lineOf = (node: unknown) => {
    const offset = (node as YamlNode | null | undefined)?.range?.[0];
    return offset === undefined ? undefined : lines.linePos(offset).line;
  };
  for (const error of document.errors) {
    raw.mistakes.push({
      line: error.linePos?.[0].line,
      message: error.message.split("\n")[0].replace(/ at line \d+, column \d+:?$/, ""),
    });
  }
  if (document.errors.length > 0) return raw;
  const top = document.contents;
  if (!isMap(top)) {
    raw.mistakes.push({ line: lineOf(top), message: "is not a mapping; begin with servers: and a list" });
    return raw;
  }
  for (const pair of top.items) {
    if (!["defaults", "servers"].includes(keyOf(pair))) {
      raw.mistakes.push({
        line: lineOf(pair.key),
        message: `${keyOf(pair)}: there is no such section; allowed are defaults and servers`,
      });
    }
  }
  const plain = (node: unknown): unknown => {
    try {
      return (node as YamlNode | null)?.toJS(document, { maxAliasCount: 100 });
    } catch (error) {
      raw.mistakes.push({ line: lineOf(node), message: (error as Error).message });
      return undefined;
    }
  };
  const fieldsOf = (map: YAMLMap): Map<string, Located> =>
    new Map(map.items.map((pair) => [keyOf(pair), { value: plain(pair.value), line: lineOf(pair.key) ?? 1 }]));
  const defaults = top.get("defaults", true) as unknown;
  const shared = isMap(defaults) ? fieldsOf(defaults) : new Map<string, Located>();
  if (defaults !== undefined && !isMap(defaults))
    raw.mistakes.push({ line: lineOf(defaults), message: "defaults: is not a mapping of fields to values" });
  if (shared.has("name")) {
    raw.mistakes.push({
      line: shared.get("name")!.line,
      message: "defaults.name: names are unique; a default makes no sense",
    });
    shared.delete("name");
  }
  const servers = top.get("servers", true) as unknown;
  if (!isSeq(servers)) {
    raw.mistakes.push({ line: lineOf(servers) ?? lineOf(top), message: "servers: is missing or not a list" });
    return raw;
  }
  for (const item of servers.items) {
    if (!isMap(item))
      raw.mistakes.push({
        line: lineOf(item),
        message: "servers: has an entry that is not a mapping; write - name: node-1",
      });
    else raw.servers.push(withDefaults({ line: lineOf(item) ?? 1, fields: fieldsOf(item) }, shared));
  }
  return raw;
}

function withDefaults(server: RawServer, shared: Map<string, Located>): RawServer {
  return { line: server.line, fields: new Map([...shared, ...server.fields]) };
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}
