import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { place, read, type Content, type Layout } from "../../../../provider/media/layout";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "rackform-layout-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** An image of buffers, files and nested images with gaps between them, and the bytes that it must have. */
function image(pieces: { gap: number; bytes: Uint8Array; kind: number }[]): { layout: Layout; expected: Buffer } {
  const parts: Layout["parts"] = [];
  const expected: Buffer[] = [];
  let offset = 0;
  pieces.forEach(({ gap, bytes, kind }, index) => {
    const data = Buffer.from(bytes);
    const file = path.join(folder, `piece-${index}`);
    writeFileSync(file, data);
    const inner: Layout = { size: data.length + 3, parts: place(data, 3) };
    const content: Content = [data, { file, size: data.length }, inner][kind];
    expected.push(Buffer.alloc(gap), kind === 2 ? Buffer.alloc(3) : Buffer.alloc(0), data);
    parts.push(...place(content, offset + gap));
    offset += gap + data.length + (kind === 2 ? 3 : 0);
  });
  return { layout: { size: offset + 7, parts }, expected: Buffer.concat([...expected, Buffer.alloc(7)]) };
}

it("reads any range of an image as if it had been built", async () => {
  const piece = fc.record({ gap: fc.nat(50), bytes: fc.uint8Array({ maxLength: 200 }), kind: fc.nat(2) });
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 6 }), fc.nat(), fc.nat(), async (pieces, one, other) => {
      const { layout, expected } = image(pieces);
      const [start, end] = [one % (layout.size + 1), other % (layout.size + 1)].sort((a, b) => a - b);
      expect(await buffer(read(layout, start, end))).toEqual(expected.subarray(start, end));
      expect(await buffer(read(layout))).toEqual(expected);
    }),
    { numRuns: 150 },
  );
});

it("says so when a file has become shorter than announced", async () => {
  const file = path.join(folder, "short");
  writeFileSync(file, "ab");
  const layout: Layout = { size: 10, parts: [{ offset: 0, length: 10, file }] };
  await expect(buffer(read(layout))).rejects.toThrow(/became shorter/);
});
