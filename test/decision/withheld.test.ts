import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerBuffer } from '../../src/answer/answer-buffer.ts';
import { comparePaths, type ResponsePath } from '../../src/core/response-path.ts';
import { pathShape } from '../../src/decision/path-shape.ts';
import {
  clientReason,
  maxPaths,
  WithheldNotes,
  type ClientReason,
  lineHead,
  type WithheldSite,
} from '../../src/decision/withheld.ts';
import { AnswerBytes } from '../../src/gateway/answer-bytes.ts';
import { rowPlan } from './plans.ts';

const path = (...keys: readonly (string | number)[]): ResponsePath => {
  let at: ResponsePath | undefined;
  for (const key of keys) at = { prev: at, key };
  return at ?? { prev: undefined, key: '' };
};

describe('withheld notes', () => {
  it('keep the first 20 places of the answer, whatever the order they were found in', () => {
    const places = Array.from({ length: 45 }, (_, i) => i);
    fc.assert(
      fc.property(fc.shuffledSubarray(places, { minLength: 45 }), (order) => {
        const notes = new WithheldNotes();
        for (const i of order)
          notes.note('Customer.email', 'NOT_CONSENTED', path('customers', 'nodes', i, 'email'));
        expect(notes.list()).toEqual([
          {
            field: 'Customer.email',
            reason: 'NOT_CONSENTED',
            count: 45,
            paths: places.slice(0, maxPaths).map((i) => `customers.nodes.${i}.email`),
          },
        ]);
      }),
    );
  });

  it('have a line for each field and reason, in a fixed order', () => {
    const notes = new WithheldNotes();
    notes.note('Customer.phone', 'NOT_COVERED', path('a', 'phone'));
    notes.note('Customer.email', 'NOT_COVERED', path('a', 'email'));
    notes.note('Customer.email', 'NOT_CONSENTED', path('b', 'email'));
    notes.note('__proto__', 'NOT_PERMITTED', path('c'));
    expect(notes.list().map(({ field, reason, count }) => [field, reason, count])).toEqual([
      ['Customer.email', 'NOT_CONSENTED', 1],
      ['Customer.email', 'NOT_COVERED', 1],
      ['Customer.phone', 'NOT_COVERED', 1],
      ['__proto__', 'NOT_PERMITTED', 1],
    ]);
    expect(new WithheldNotes().list()).toEqual([]);
  });
});

describe('places noted at once', () => {
  type Path = readonly (string | number)[];
  const anyPath = fc
    .tuple(
      fc.constantFrom('a', 'b'),
      fc.nat(30),
      fc.option(fc.tuple(fc.constantFrom('orders', 'x'), fc.nat(3))),
    )
    .map(([key, index, below]): Path => [key, index, ...(below ?? []), 'field']);
  const anyNotes = fc.record({
    field: fc.constantFrom('A.a', 'A.b', '__proto__'),
    reason: fc.constantFrom('NOT_COVERED' as const, 'NOT_CONSENTED' as const),
    paths: fc.array(fc.oneof(anyPath, fc.constant(['one', 'field'])), { maxLength: 40 }),
    atOnce: fc.boolean(),
  });
  const isNumber = (key: string | number): key is number => typeof key === 'number';

  /** By what they have in common, as whoever writes an answer comes to know them. */
  const sitesOf = (coordinate: string, reason: ClientReason, paths: readonly Path[]) => {
    const byShape = new Map<string, Path[]>();
    for (const keys of paths) {
      const shape = JSON.stringify(keys.map((key) => (isNumber(key) ? null : key)));
      byShape.set(shape, [...(byShape.get(shape) ?? []), keys]);
    }
    return [...byShape].map(([shape, all]): WithheldSite => {
      const first = all.toSorted(comparePaths).slice(0, maxPaths);
      return {
        ...{ coordinate, reason, count: all.length, told: first.length },
        head: lineHead(coordinate, reason),
        shape: pathShape(JSON.parse(shape) as (string | null)[]),
        indices: first.flatMap((keys) => keys.filter(isNumber)),
      };
    });
  };

  it('are told as if each had been noted by itself', () => {
    fc.assert(
      fc.property(fc.array(anyNotes, { maxLength: 5 }), (all) => {
        const each = new WithheldNotes();
        const together = new WithheldNotes();
        for (const { field, reason, paths, atOnce } of all) {
          for (const keys of paths) each.note(field, reason, path(...keys));
          if (atOnce) for (const site of sitesOf(field, reason, paths)) together.noteSite(site);
          else for (const keys of paths) together.note(field, reason, path(...keys));
        }
        expect(together.list()).toEqual(each.list());
      }),
      { numRuns: 300 },
    );
  });

  it('are written as they are told', () => {
    fc.assert(
      fc.property(fc.array(anyNotes, { maxLength: 5 }), (all) => {
        const notes = new WithheldNotes();
        for (const { field, reason, paths } of all)
          for (const site of sitesOf(field, reason, paths)) notes.noteSite(site);
        // Without room from the start.
        const out = new AnswerBuffer(0);
        out.text('{"data":{}');
        const { bytes } = new AnswerBytes(out, { entry: 'e', withheld: notes.lines() });
        const { extensions } = JSON.parse(bytes.toString()) as { extensions: { sayso: unknown } };
        expect(extensions.sayso).toEqual({ entry: 'e', withheld: notes.list() });
      }),
      { numRuns: 300 },
    );
  });

  it('are told in order, each of another field, and are JSON to the byte', () => {
    const anySite = fc
      .record({
        field: fc.constantFrom('A.a', 'A.b', 'Ä.ü', 'A."q\\\n', '\u{1f600}.x', '__proto__', 'A.c'),
        reason: fc.constantFrom('NOT_COVERED' as const, 'NOT_CONSENTED' as const),
        count: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.constant(2_000_000_000)),
      })
      .map(({ field, reason, count }): WithheldSite => {
        const told = Math.min(count, maxPaths);
        const indices = Array.from({ length: told }, (_, i) => 7 * i);
        const shape = pathShape(['all', null, 'one']);
        const head = lineHead(field, reason);
        return { coordinate: field, reason, head, shape, count, told, indices };
      });
    // Mostly each is of another field, or for another reason.
    const apart = fc.uniqueArray(anySite, {
      maxLength: 8,
      selector: ({ coordinate, reason }) => `${coordinate} ${reason}`,
    });
    fc.assert(
      fc.property(apart, fc.nat(200), (sites, room) => {
        const notes = new WithheldNotes();
        for (const site of sites) notes.noteSite(site);
        const out = new AnswerBuffer(room);
        out.text('{"data":{}');
        const { bytes } = new AnswerBytes(out, { entry: 'e', withheld: notes.lines() });
        const told = notes.list();
        const extensions = { sayso: { entry: 'e', withheld: told } };
        expect(bytes.toString()).toBe(`${JSON.stringify({ data: {}, extensions })}\n`);
        const expected = sites
          .map(({ coordinate, reason, count }) => ({ field: coordinate, reason, count }))
          .sort((a, b) => (`${a.field} ${a.reason}` < `${b.field} ${b.reason}` ? -1 : 1));
        expect(told.map(({ field, reason, count }) => ({ field, reason, count }))).toEqual(
          expected,
        );
      }),
      { numRuns: 500 },
    );
  });

  it('are noted of nothing where none is withheld', () => {
    const notes = new WithheldNotes();
    const site = { coordinate: 'A.a', reason: 'NOT_COVERED', shape: pathShape(['a']) } as const;
    const head = lineHead('A.a', 'NOT_COVERED');
    notes.noteSite({ ...site, head, count: 0, told: 0, indices: [] });
    expect(notes.list()).toEqual([]);
  });
});

describe('the reason for the client', () => {
  it('is what holds for every row, or that no say-so was found', () => {
    const plan = rowPlan(
      [
        { kind: 'never', coordinates: [], reason: 'NOT_PERMITTED' },
        { kind: 'ask', coordinates: [], asks: [] },
        { kind: 'always', coordinates: [], basis: 'CONTRACT' },
      ],
      [
        { field: 'a', decision: 0, index: -1 },
        { field: 'b', decision: 1, index: 0 },
        { field: 'c', decision: 2, index: 1 },
      ],
    );
    expect(['a', 'b', 'c', 'nowhere'].map((field) => clientReason(plan, field))).toEqual([
      'NOT_PERMITTED',
      'NOT_CONSENTED',
      'NOT_CONSENTED',
      'NOT_CONSENTED',
    ]);
  });
});
