import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { AnswerBuffer } from '../../src/answer/answer-buffer.ts';
import type { Entry } from '../../src/answer/answer-plan.ts';
import { countObjects } from '../../src/answer/count-objects.ts';
import type { LoadedJoin, LoadedRows } from '../../src/answer/load-rows.ts';
import { AnswerWriter, type LoadedRoot } from '../../src/answer/write-answer.ts';
import { RowWriter } from '../../src/answer/write-rows.ts';
import { pathShape } from '../../src/decision/path-shape.ts';
import { WithheldNotes } from '../../src/decision/withheld.ts';
import { Random } from '../oracle/random.ts';

const entryOf = (list: boolean): Entry =>
  ({
    kind: 'join',
    shape: pathShape(['r', 'j']),
    name: Buffer.from('"j":'),
    empty: Buffer.from('"j":null'),
    coordinate: 'T.j',
    decision: 0,
    column: 0,
    nullable: true,
    join: { list },
    // Only what is written is looked at.
  }) as unknown as Entry;

/** Rows with joins below them, down to a depth, some of whose rows many lead to. */
const rowsOf = (random: Random, count: number, depth: number): LoadedRows => {
  const lists = Array.from({ length: depth > 0 ? random.between(0, 2) : 0 }, () =>
    random.chance(0.6),
  );
  const joins = lists.map((): LoadedJoin => {
    const groups = random.between(1, 4);
    const sizes = Array.from({ length: groups }, () => random.between(0, 4));
    const below = sizes.reduce((sum, one) => sum + one, 0);
    const starts = new Int32Array(groups + 1);
    sizes.forEach((size, i) => (starts[i + 1] = (starts[i] ?? 0) + size));
    return {
      rows: random.chance(0.1) ? undefined : rowsOf(random, below, depth - 1),
      groupOf: Int32Array.from({ length: count }, () => random.between(-1, groups - 1)),
      starts,
      order: Int32Array.from({ length: below }, (_, i) => below - 1 - i),
    };
  });
  return {
    answer: { plan: {}, entries: lists.map(entryOf) },
    raw: { count, width: 1, bytes: Buffer.alloc(0), cells: new Int32Array(2 * count), kinds: [] },
    decided: { profiles: [{ releases: new Uint8Array([1]) }], profileOf: new Int32Array(count) },
    joins,
  } as unknown as LoadedRows;
};

it('comes to what is counted while an answer is written, or less where nothing is deep', () => {
  const spend = vi.spyOn(RowWriter.prototype, 'spend');
  let deep = 0;
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 0, max: 3 }), (seed, depth) => {
      const rows = rowsOf(new Random(seed), 1, depth);
      const root = { kind: 'one', name: Buffer.from('"r":'), nullable: true };
      const roots = [{ root, rows }] as unknown as readonly LoadedRoot[];
      spend.mockClear();
      const paging = {} as ConstructorParameters<typeof AnswerWriter>[1];
      new AnswerWriter(new AnswerBuffer(), paging, Infinity).data(roots, new WithheldNotes());
      const written = spend.mock.calls.reduce((sum, [objects]) => sum + objects, 0);
      const counted = countObjects(roots);
      if (counted > 0) {
        deep += 1;
        expect(counted).toBe(written);
      }
    }),
    { numRuns: 2_000 },
  );
  expect(deep).toBeGreaterThan(200);
});
