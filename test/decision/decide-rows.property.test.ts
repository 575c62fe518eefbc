import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unpackRanges } from '../../src/audit/number-ranges.ts';
import { ConsentMoved, decideRows, type DecisionContext } from '../../src/decision/decide-rows.ts';
import { DecisionRecorder } from '../../src/decision/recorder.ts';
import type { Basis } from '../../src/directives/basis.ts';
import { ConsentPages } from '../../src/ledger/consent-pages.ts';
import type { ConsentSnapshot, LedgerView } from '../../src/ledger/consent-snapshot.ts';
import type { Ask, Decide, RowPlan } from '../../src/policy/plan.ts';
import { decisionsOf } from '../setup/decisions-of.ts';
import { rowPlan } from './plans.ts';
import { decideEach } from './reference.ts';

const pairs = 5;
const head = 7;
const now = 1_000;
const view: LedgerView = { head, now, notices: 0, history: 0 };

/** Say-so in memory, whatever its bytes: no ledger holds all of them. */
const snapshotOf = (pages: ConsentPages): ConsentSnapshot => {
  const read = {
    said: pages,
    locate: (numbers: Int32Array, count: number, at: LedgerView, starts: Int32Array) =>
      pages.locate(numbers, count, at.head, starts),
    state: (number: number, pair: number) =>
      pages.states[pages.startOf(number, Infinity) + pair] ?? 0,
    expiry: (number: number, pair: number) => pages.endOf(pages.startOf(number, Infinity) + pair),
    ensure: (numbers: ArrayLike<number>, at: LedgerView) =>
      Promise.resolve(pages.hold(numbers, at.head)),
  };
  // Deciding uses nothing else of it.
  return read as unknown as ConsentSnapshot;
};

const contextOf = (pages: ConsentPages, gpc?: boolean) => {
  const recorder = new DecisionRecorder();
  const c = {
    ...{ subjects: undefined as never, snapshot: snapshotOf(pages), view, gpc, recorder },
    onFault: () => undefined,
  } satisfies DecisionContext;
  return { c, recorder };
};

const anyBasis = fc.constantFrom<Basis>(
  ...(['CONSENT', 'LEGITIMATE_INTEREST', 'OPT_OUT', 'CONTRACT', 'LEGAL_OBLIGATION'] as const),
);
const anyPlaces = fc
  .dictionary(fc.constantFrom('US-CA', 'US', 'DE', 'BE'), anyBasis, { maxKeys: 3 })
  .map((places) => new Map(Object.entries(places)));
const anyAsk: fc.Arbitrary<Ask> = fc.record({
  pair: fc.nat(pairs - 1),
  basis: anyBasis,
  places: fc.oneof(fc.constant(new Map<string, Basis>()), anyPlaces),
  sale: fc.constantFrom(true as const, undefined),
  directMarketing: fc.constantFrom(true as const, undefined),
}) as fc.Arbitrary<Ask>;
const coordinates = ['A.a', 'A.b', 'A.c', 'A.d', 'A.e', 'A.f', 'A.g'];
const anyCoordinates = fc.subarray(coordinates, { maxLength: 2 });
const anyDecision = (personal: boolean): fc.Arbitrary<Decide> => {
  const settled = [
    fc.record({ kind: fc.constant('open' as const), coordinates: anyCoordinates }),
    fc.record({
      ...{ kind: fc.constant('never' as const), coordinates: anyCoordinates },
      reason: fc.constantFrom('NOT_COVERED' as const, 'NOT_PERMITTED' as const),
    }),
  ] as const;
  if (!personal) return fc.oneof(...settled);
  return fc.oneof(
    ...settled,
    fc.record({
      ...{ kind: fc.constant('always' as const), coordinates: anyCoordinates },
      basis: fc.constantFrom<Basis>('CONTRACT', 'LEGAL_OBLIGATION'),
    }),
    ...[0, 1, 2].map(() =>
      fc.record({
        ...{ kind: fc.constant('ask' as const), coordinates: anyCoordinates },
        asks: fc.array(anyAsk, { maxLength: 3 }),
      }),
    ),
  );
};
const anyPlan: fc.Arbitrary<RowPlan> = fc
  .boolean()
  .chain((personal) =>
    fc.record({
      personal: fc.constant(personal),
      decisions: fc.array(anyDecision(personal), { maxLength: 6 }),
      gated: fc.array(fc.nat(5), { maxLength: 2 }),
    }),
  )
  .map(({ personal, decisions, gated }) =>
    rowPlan(decisions, [], {
      personal,
      gates: gated
        .filter((decision) => personal && decision < decisions.length)
        .map((decision) => ({ decision, coordinate: 'A.a' })),
    }),
  );

const persons = Array.from({ length: 9 }, (_, i) => i * 61);
const anyPerson = fc.record({
  states: fc.uint8Array({ minLength: pairs, maxLength: pairs }),
  ends: fc.array(fc.tuple(fc.nat(pairs - 1), fc.integer({ min: now - 1, max: now + 1 }))),
});
const anyPlace = fc.constantFrom(
  'US-CA',
  'US',
  'us',
  'DE',
  'BE',
  'nowhere',
  '',
  null,
  5,
  undefined,
);
const anyRow = fc.record({
  subject: fc.constantFrom(-1, ...persons),
  place: anyPlace,
  wanted: fc.boolean(),
});
const anyBatch = fc.record({
  plan: fc.nat(2),
  rows: fc.array(anyRow, { maxLength: 25 }),
  placed: fc.boolean(),
  choosy: fc.boolean(),
});

const kept = (said: readonly { states: Uint8Array; ends: readonly [number, number][] }[]) => {
  const pages = new ConsentPages(pairs, 10_000);
  said.forEach(({ states, ends }, i) => {
    pages.keep(persons[i] ?? 0, head, { states, expiry: new Map(ends) });
  });
  return pages;
};

describe('deciding by tables', () => {
  it('comes to what deciding each cell comes to, whatever the plans and the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyPlan, { minLength: 3, maxLength: 3 }),
        fc.array(anyPerson, { minLength: persons.length, maxLength: persons.length }),
        fc.constantFrom(undefined, false, true),
        fc.array(anyBatch, { maxLength: 4 }),
        async (plans, said, gpc, batches) => {
          const pages = kept(said);
          const { c, recorder } = contextOf(pages, gpc);
          const cells = new Set<string>();
          const asked = new Set<number>();
          for (const { plan: number, rows, placed, choosy } of batches) {
            const plan = plans[number]!;
            const subjects = rows.map(({ subject }) => subject);
            const places = placed ? rows.map(({ place }) => place) : undefined;
            const calls: number[][] = [[], []];
            const wanted = (side: 0 | 1) => (i: number) => {
              calls[side]!.push(i);
              return rows[i]!.wanted;
            };
            const right = decideEach(
              plan,
              subjects,
              places,
              { snapshot: c.snapshot, now, gpc },
              choosy ? wanted(0) : () => true,
            );
            const { profiles, profileOf } = await decideRows(
              plan,
              Int32Array.from(subjects),
              rows.length,
              places,
              c,
              choosy ? wanted(1) : undefined,
            );
            expect(
              [...profileOf].map((at) =>
                at < 0 ? undefined : [...profiles[at]!.releases].map((bit) => bit === 1),
              ),
            ).toEqual(right.shown);
            expect(calls[1]).toEqual(calls[0]);
            for (const cell of right.cells) cells.add(cell);
            for (const subject of right.asked) asked.add(subject);
          }
          const packed = recorder.packed();
          const logged = decisionsOf(packed).flatMap(({ coordinates: named, reason, subjects }) =>
            named.flatMap((name) =>
              unpackRanges(subjects).map((one) => `${name} ${reason} ${one}`),
            ),
          );
          expect(new Set(logged)).toEqual(cells);
          expect(new Set(recorder.asked)).toEqual(asked);
          expect(recorder.asked.size > 0).toBe(asked.size > 0);
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it('withholds by every byte that no version has written yet', async () => {
    const decision: Decide = {
      ...{ kind: 'ask', coordinates: ['A.a'] },
      asks: [{ pair: 0, basis: 'LEGITIMATE_INTEREST', places: new Map() }],
    };
    const plan = rowPlan([decision], []);
    const released: number[] = [];
    for (let byte = 0; byte < 256; byte += 1) {
      const pages = new ConsentPages(1, 10);
      pages.keep(3, head, { states: Uint8Array.of(byte), expiry: new Map() });
      const { profiles, profileOf } = await decideRows(plan, [3], 1, undefined, contextOf(pages).c);
      if (profiles[profileOf[0]!]?.releases[0] === 1) released.push(byte);
    }
    // Where nothing was said, a yes, and what was asked; with the marks of the signal or without.
    expect(released).toEqual(
      [0x00, 0x10, 0x20, 0x30].flatMap((mark) => [0, 1, 2, 8, 9, 10].map((word) => mark | word)),
    );
  });

  it('keeps the persons of large batches apart, over more profiles than a tree keeps', async () => {
    const decisions = Array.from({ length: 6 }, (_, pair): Decide => ({
      ...{ kind: 'ask', coordinates: [`A.f${pair}`] },
      asks: [{ pair, basis: 'CONSENT', places: new Map() }],
    }));
    const plan = rowPlan(decisions, []);
    const words = [0, 1, 3, 4, 5, 6, 8, 9, 10];
    const pages = new ConsentPages(6, 100_000);
    const many = Array.from({ length: 9_000 }, (_, i) => i);
    for (const i of many) {
      const states = decisions.map((_, pair) => words[Math.floor(i / 9 ** pair) % 9] ?? 0);
      pages.keep(i, head, { states: Uint8Array.from(states), expiry: new Map() });
    }
    for (const batch of [many.slice(0, 4_000), many.slice(4_000), many]) {
      const { c } = contextOf(pages);
      const right = decideEach(plan, batch, undefined, { ...c, now }, () => true);
      const { profiles, profileOf } = await decideRows(plan, batch, batch.length, undefined, c);
      expect(
        [...profileOf].map((at) => [...profiles[at]!.releases].map((bit) => bit === 1)),
      ).toEqual(right.shown);
    }
  });
});

describe('say-so that is not in memory as of the view', () => {
  const plan = rowPlan(
    [
      {
        kind: 'ask',
        coordinates: ['A.a'],
        asks: [{ pair: 0, basis: 'OPT_OUT', places: new Map() }],
      },
    ],
    [],
  );
  const said = { states: new Uint8Array(pairs), expiry: new Map<number, number>() };

  it('is not decided on', async () => {
    const pages = new ConsentPages(pairs, 10);
    const { c, recorder } = contextOf(pages);
    const decide = () => decideRows(plan, [4, -1], 2, undefined, c);
    await expect(decide()).rejects.toThrow(ConsentMoved);
    pages.keep(4, head + 1, said);
    await expect(decide()).rejects.toThrow(ConsentMoved);
    pages.keep(4, head, said);
    expect([...(await decide()).profileOf]).toEqual([0, 1]);
    pages.forget(4);
    await expect(decide()).rejects.toThrow(ConsentMoved);
    expect([...recorder.asked]).toEqual([4]);
  });

  it('is decided on when it was loaded, unless it went again before its turn', async () => {
    const pages = new ConsentPages(pairs, 10);
    const { c, recorder } = contextOf(pages);
    const calls: number[] = [];
    const decide = (after: () => void) => {
      const ensure = async (): Promise<boolean> => {
        pages.keep(4, head, said);
        await Promise.resolve();
        after();
        return true;
      };
      const snapshot = { ...(c.snapshot as object), ensure } as unknown as ConsentSnapshot;
      const wanted = (i: number): boolean => calls.push(i) > 0;
      return decideRows(plan, [-1, 4, 4], 3, undefined, { ...c, snapshot }, wanted);
    };
    await expect(decide(() => pages.forget(4))).rejects.toThrow(ConsentMoved);
    await expect(decide(() => pages.keep(4, head + 1, said))).rejects.toThrow(ConsentMoved);
    // Nothing is noted of what was not decided, and nobody is asked whether it is wanted.
    expect([...recorder.asked]).toEqual([]);
    expect(calls).toEqual([]);
    pages.forget(4);
    expect([...(await decide(() => undefined)).profileOf]).toEqual([0, 1, 1]);
    expect([...recorder.asked]).toEqual([4]);
    expect(calls).toEqual([0, 1, 2]);
  });

  it('is not read where nothing turns on it', async () => {
    const open = rowPlan([{ kind: 'open', coordinates: ['A.a'] }], []);
    const { c, recorder } = contextOf(new ConsentPages(pairs, 10));
    const { profileOf } = await decideRows(open, [4, -1], 2, undefined, c);
    expect([...profileOf]).toEqual([0, 1]);
    expect(recorder.asked.size).toBe(0);
  });
});
