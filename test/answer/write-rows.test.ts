import { describe, expect, it } from 'vitest';
import { GraphQLString } from 'graphql';
import { AnswerBuffer } from '../../src/answer/answer-buffer.ts';
import type { RowAnswer } from '../../src/answer/answer-plan.ts';
import type { LoadedRows } from '../../src/answer/load-rows.ts';
import { NotPlain } from '../../src/answer/not-plain.ts';
import { RowWriter } from '../../src/answer/write-rows.ts';
import type { Profile } from '../../src/decision/decided-rows.ts';
import { pathShape } from '../../src/decision/path-shape.ts';
import { rowPlan } from '../decision/plans.ts';

const plan = rowPlan([{ kind: 'open', coordinates: ['Customer.name'] }], [{ field: 'name', decision: 0, index: 0 }]); // prettier-ignore
const answer: RowAnswer = {
  plan,
  entries: [
    {
      kind: 'cell',
      name: Buffer.from('"name":'),
      shape: pathShape(['name']),
      empty: Buffer.from('"name":null'),
      coordinate: 'Customer.name',
      decision: 0,
      reason: 'NOT_CONSENTED',
      head: Buffer.alloc(0),
      column: 0,
      nullable: true,
      type: GraphQLString,
    },
  ],
};

const rowsOf = (profiles: readonly Profile[], profileOf: readonly number[]): LoadedRows => ({
  answer,
  raw: {
    ...{ count: 1, width: 1, bytes: Buffer.from('secret'), kinds: ['text'] },
    cells: Int32Array.from([0, 6]),
    value: () => 'secret',
  },
  decided: { profiles, profileOf: Int32Array.from(profileOf) },
  joins: [undefined],
});
const profile = (...releases: number[]): Profile => ({
  releases: Uint8Array.from(releases),
  reasons: ['OPEN'],
  stays: true,
});

describe('a row', () => {
  const written = (rows: LoadedRows): AnswerBuffer => {
    const out = new AnswerBuffer();
    new RowWriter(out, Infinity).row(rows, 0);
    return out;
  };

  it('is written as its profile says', () => {
    expect(
      written(rowsOf([profile(1)], [0]))
        .done()
        .toString(),
    ).toBe('{"name":"secret"}');
    expect(
      written(rowsOf([profile(0)], [0]))
        .done()
        .toString(),
    ).toBe('{"name":null}');
  });

  it('whose profile says nothing of a cell, or something else than yes, shows nothing', () => {
    for (const releases of [[], [2], [255]])
      expect(
        written(rowsOf([profile(...releases)], [0]))
          .done()
          .toString(),
      ).toBe('{"name":null}');
  });

  it.each<readonly [string, LoadedRows]>([
    ['was left out', rowsOf([profile(1)], [-1])],
    ['was not decided on', rowsOf([profile(1)], [])],
    ['has a profile that is not there', rowsOf([profile(1)], [1])],
  ])('that %s is not written', (_what, rows) => {
    const out = new AnswerBuffer();
    expect(() => new RowWriter(out, Infinity).row(rows, 0)).toThrow(NotPlain);
    expect(out.done().toString()).not.toContain('secret');
  });
});
