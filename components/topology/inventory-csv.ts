import { type CsvError, parse } from "csv-parse/sync";
import type { Located, RawInventory } from "./inventory-file";
import { type Field, FIELDS } from "./inventory-fields";

interface Row {
  record: string[];
  info: { lines: number };
}

/** Reads a table: a header line with field names, then a line a server. Empty cells are absent fields; lines with # are comments. */
export function readCsv(text: string): RawInventory {
  const raw: RawInventory = { servers: [], mistakes: [] };
  let rows: Row[];
  try {
    rows = parse(text, {
      bom: true,
      comment: "#",
      comment_no_infix: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as Row[];
  } catch (error) {
    const { lines, code } = error as CsvError & { lines?: number };
    raw.mistakes.push({
      line: lines,
      message: `the quotes do not match up (${code}); double a quote inside a quoted cell`,
    });
    return raw;
  }
  const header = rows.shift();
  if (!header) {
    raw.mistakes.push({ message: "is empty; the first line names the columns, such as name,role,bmc,serialNumber" });
    return raw;
  }
  const columns = header.record;
  columns.forEach((column, index) => {
    if (column === "") raw.mistakes.push({ line: header.info.lines, message: `column ${index + 1} has no name` });
    else if (columns.indexOf(column) !== index)
      raw.mistakes.push({ line: header.info.lines, message: `column ${column} is there twice` });
  });
  if (!columns.includes("name"))
    raw.mistakes.push({ line: header.info.lines, message: "there is no column called name" });
  for (const { record, info } of rows) {
    if (record.length > columns.length) {
      raw.mistakes.push({
        line: info.lines,
        message: `has ${record.length} cells but there are ${columns.length} columns; quote cells that hold commas`,
      });
    }
    const fields = new Map<string, Located>();
    columns.forEach((column, index) => {
      const cell = record[index] ?? "";
      if (cell === "" || column === "") return;
      const field = FIELDS.find((candidate) => candidate.name === column);
      fields.set(column, { value: field ? decode(field, cell) : cell, line: info.lines });
    });
    raw.servers.push({ line: info.lines, fields });
  }
  return raw;
}

/** What a cell means. A cell that cannot be decoded stays text, which the judge of its kind then refuses. */
function decode(field: Field, cell: string): unknown {
  if (field.kind === "text") return cell;
  if (field.kind === "integer") return /^\d{1,9}$/.test(cell) ? Number(cell) : cell;
  const pairs = cell
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const split = pairs.map(
    (part) => [part.slice(0, part.indexOf("=")).trim(), part.slice(part.indexOf("=") + 1).trim()] as const,
  );
  if (pairs.some((part) => part.indexOf("=") < 1)) return cell;
  if (field.kind === "map") return Object.fromEntries(split);
  if (field.kind === "macs") return split.map(([name, mac]) => ({ name, mac }));
  const lists = new Map<string, string[]>();
  for (const [key, value] of split) lists.set(key, [...(lists.get(key) ?? []), value]);
  return Object.fromEntries(lists);
}
