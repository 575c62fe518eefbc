import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ImportError } from '../../src/core/errors.ts';
import { readRows, type Reading } from '../../src/imports/import-file.ts';
import { line } from './import-stage.ts';

const stream = async function* (content: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += size) {
    await Promise.resolve();
    yield content.subarray(at, at + size);
  }
};

/** Reads all of it; every row has the one shape or the other, on lines that only go up. */
const read = async (content: Buffer, reading: Reading, size: number): Promise<string> => {
  let last = 0;
  const rows: unknown[] = [];
  try {
    for await (const row of readRows(stream(content, size), reading)) {
      expect(row.line).toBeGreaterThan(last);
      last = row.line;
      if ('events' in row) {
        expect(Object.keys(row).sort()).toEqual(['events', 'line']);
        for (const { subject, at, method } of row.events) {
          expect(subject.type).not.toBe('');
          expect(subject.id.length).toBeGreaterThan(0);
          expect(typeof method).toBe('string');
          if (at) expect(Number.isNaN(at.getTime())).toBe(false);
        }
      } else {
        expect(Object.keys(row).sort()).toEqual(['line', 'refused']);
        expect(row.refused.reason).toMatch(/^[^\n]+$/);
      }
      rows.push(row);
    }
  } catch (error) {
    // The file as a whole: a header without meaning, or UTF-16.
    if (!(error instanceof ImportError)) throw error;
    return error.message;
  }
  return JSON.stringify(rows);
};

const readings: readonly Reading[] = (['json', 'csv'] as const).map((lines) => ({
  lines,
  columns: new Map(),
  context: { defaultType: 'Customer' },
}));

const csvPiece = fc.constantFrom(
  ...['"', '""', ',', '\n', '\r\n', '1', 'refused', 'given', '\ufeff', '|', '__proto__', ' '],
);
const jsonPiece = fc.constantFrom(
  ...['{', '}', '"subject"', '"kind"', ':', ',', '"1"', '"refused"', '\n', 'null', '[', ']'],
);
const content = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc
    .array(csvPiece, { maxLength: 60 })
    .map((all) => Buffer.from(`subject,kind,actor\n${all.join('')}`)),
  fc.array(jsonPiece, { maxLength: 60 }).map((all) => Buffer.from(all.join(''))),
  fc
    .array(
      fc.oneof(
        fc.json().map((json) => json.replaceAll('\n', '')),
        fc.constant(line('1')),
      ),
    )
    .map((all) => Buffer.from(all.join('\n'))),
);

describe('readers', () => {
  it('never throw, and read the same whatever the size of chunks', async () => {
    await fc.assert(
      fc.asyncProperty(content, fc.integer({ min: 1, max: 64 }), async (bytes, size) => {
        for (const reading of readings)
          expect(await read(bytes, reading, size)).toBe(await read(bytes, reading, 65_536));
      }),
      { numRuns: 1_500 },
    );
  });

  it('read a CSV of any texts as it was written', async () => {
    const cell = fc
      .string({ unit: 'binary', maxLength: 40 })
      // Ends of line within cells become one kind.
      .map((text) => text.replaceAll('\r', '').toWellFormed());
    const [, reading] = readings;
    await fc.assert(
      fc.asyncProperty(fc.array(cell, { minLength: 1 }), async (cells) => {
        const quoted = cells.map((text) => `1,refused,"${text.replaceAll('"', '""')}"`);
        const file = Buffer.from(`subject,kind,actor\n${quoted.join('\n')}`);
        const actors: (string | undefined)[] = [];
        for await (const row of readRows(stream(file, 7), reading!))
          actors.push('events' in row ? row.events[0]?.actor : row.refused.reason);
        expect(actors).toEqual(cells.map((text) => (text === '' ? undefined : text)));
      }),
    );
  });
});
