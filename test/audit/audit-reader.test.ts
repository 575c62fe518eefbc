import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  isMeant,
  prepareFilter,
  unpackDecisions,
  type AuditFilter,
} from '../../src/audit/audit-filter.ts';
import { indexAudit } from '../../src/audit/audit-index.ts';
import {
  catchUp,
  eachEntry,
  readEntries,
  readEntry,
  readPolicyText,
  shownDecisions,
} from '../../src/audit/audit-reader.ts';
import { keepPolicy } from '../../src/audit/audit-store.ts';
import {
  countCandidates,
  countEntries,
  auditKeys,
  type AuditKey,
} from '../../src/audit/count-entries.ts';
import { decodeEntry } from '../../src/audit/decode-entry.ts';
import { encodeEntry } from '../../src/audit/encode-entry.ts';
import { storable } from '../../src/audit/storable.ts';
import type { AuditEntry, OperationEntry } from '../../src/audit/entry.ts';
import { byKnex } from '../../src/core/statement.ts';
import { unpackRanges } from '../../src/audit/number-ranges.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { decided, nextId, operation, policyId, writeRaw } from './raw-log.ts';

const released = new Set(['OPEN', 'CONSENTED']);
const pick = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const fields = ['Customer.email', 'Customer.name', 'Order.total'];
const lineOf = fc.tuple(
  pick('OPEN', 'CONSENTED', 'EXPIRED', 'NOT_PERMITTED'),
  fc.uniqueArray(pick(...fields), { minLength: 1 }),
  pick('', '1', '2-3,?', '1-5', '?', '4,7'),
);
const operationOf = fc
  .record({
    client: pick('web', 'app', 'x\u0000y', 'l'.repeat(300)),
    actor: pick('subject:1', 'clerk', 'client:web'),
    purpose: pick('ADS', 'NEWS', undefined),
    operation: pick('Home', undefined),
    outcome: pick('ANSWERED', 'FORBIDDEN'),
    lines: fc.array(lineOf, { maxLength: 4 }),
  })
  .map(({ lines, ...rest }) => operation({ ...rest, ...decided(...lines) }));
const otherOf = fc
  .constantFrom<number | undefined | 'key'>(7, undefined, 'key')
  .map((subject): AuditEntry =>
    subject === 'key'
      ? { kind: 'key', id: nextId(), actor: 'clerk', key: 'k', replaces: 'j' }
      : { kind: 'erasure', id: nextId(), actor: 'clerk', head: 3, subject, sources: [] },
  );
const minutes = (count: number): Date => new Date(Date.UTC(2026, 9, 31, 22) + count * 60_000);
const leafOf = fc.tuple(
  fc.oneof({ weight: 9, arbitrary: operationOf }, { weight: 1, arbitrary: otherOf }),
  fc.integer({ min: 0, max: 240 }).map(minutes),
  pick('a', 'b'),
);

const whole = fc.record({
  from: fc.integer({ min: -10, max: 250 }).map(minutes),
  to: fc.integer({ min: -10, max: 250 }).map(minutes),
  log: pick('a', 'b', 'c'),
  kind: pick('operation', 'erasure', 'key', 'unreadable', 'nothing'),
  client: pick('web', 'app', 'x\u0000y', 'l'.repeat(300), "' or true --"),
  actor: pick('subject:1', 'clerk', ''),
  purpose: pick('ADS', 'GONE'),
  operation: pick('Home', 'Away'),
  outcome: pick('ANSWERED', 'FORBIDDEN'),
  coordinate: pick(...fields, 'Nothing.here', '"}'),
  reason: pick('OPEN', 'CONSENTED', 'EXPIRED', '{}'),
  released: fc.boolean(),
  subject: pick(1, 3, 4, 7, 99, -1, 2 ** 31, 1.5),
});
const filterKeys = [
  ...(['from', 'to', 'log', 'kind', 'client', 'actor', 'purpose', 'operation', 'outcome'] as const),
  ...(['coordinate', 'reason', 'released', 'subject'] as const),
];
/** A few at a time: of all together hardly anything is ever true. */
const filterOf: fc.Arbitrary<AuditFilter> = fc
  .tuple(whole, fc.uniqueArray(pick(...filterKeys), { maxLength: 4 }))
  .map(([filter, keys]) => Object.fromEntries(keys.map((key) => [key, filter[key]])));

interface Naive {
  readonly log: string;
  readonly index: number;
  readonly at: Date;
  readonly entry: AuditEntry;
}
interface Cell {
  readonly coordinate: string;
  readonly reason: string;
  /** Absent where it is not known whom it concerns. */
  readonly subjects: readonly number[];
}
const cellsOf = (entry: AuditEntry): readonly Cell[] =>
  entry.kind !== 'operation'
    ? []
    : entry.decisions.flatMap(([reason, of, among]) =>
        of.map((field) => ({
          coordinate: entry.coordinates[field]!,
          reason,
          subjects: [...new Set(among.flatMap((set) => unpackRanges(entry.sets[set]!)))],
        })),
      );
/** By the words of the filter, cell for cell. */
const cellsMeant = (entry: AuditEntry, filter: AuditFilter): readonly Cell[] =>
  cellsOf(entry).filter(
    ({ coordinate, reason, subjects }) =>
      (filter.coordinate === undefined || coordinate === filter.coordinate) &&
      (filter.reason === undefined || reason === filter.reason) &&
      (filter.released === undefined || released.has(reason) === filter.released) &&
      (filter.subject === undefined || (filter.subject >= 0 && subjects.includes(filter.subject))),
  );
const decides = ({ coordinate, reason, released: isReleased, subject }: AuditFilter): boolean =>
  coordinate !== undefined ||
  reason !== undefined ||
  isReleased !== undefined ||
  subject !== undefined;
const isNaivelyMeant = ({ log, at, entry }: Naive, filter: AuditFilter): boolean => {
  if (filter.from && at < filter.from) return false;
  if (filter.to && at >= filter.to) return false;
  if (filter.log !== undefined && filter.log !== log) return false;
  if (filter.kind !== undefined && filter.kind !== entry.kind) return false;
  const own = entry as Partial<OperationEntry>;
  for (const name of ['client', 'actor', 'purpose', 'operation', 'outcome'] as const)
    if (filter[name] !== undefined && own[name] !== filter[name]) return false;
  if (!decides(filter)) return true;
  if (entry.kind === 'erasure')
    return (
      entry.subject === filter.subject &&
      filter.subject !== undefined &&
      !decides({ ...filter, subject: undefined })
    );
  return cellsMeant(entry, filter).length > 0;
};

let database: FreshDatabase;
let all: readonly Naive[];
beforeAll(async () => {
  database = await freshDatabase({ migrated: true });
  const leaves = fc.sample(leafOf, { numRuns: 400, seed: 7 });
  const placed: Naive[] = [];
  for (const log of ['a', 'b']) {
    const mine = leaves.filter(([, , of]) => of === log);
    await writeRaw(
      database.knex,
      log,
      mine.map(([entry, at]) => [entry, at]),
    );
    mine.forEach(([entry, at], index) => placed.push({ log, index, at, entry }));
  }
  // By number of the log, which is in the order of their making.
  all = placed.sort(
    (a, b) =>
      b.at.getTime() - a.at.getTime() ||
      (a.log < b.log ? 1 : a.log > b.log ? -1 : b.index - a.index),
  );
  await catchUp(database.knex);
});
afterAll(() => database.drop());

const place = ({ log, index }: { readonly log: string; readonly index: number }) =>
  `${log}/${index}`;
const gather = async (filter: AuditFilter, oldestFirst = false) => {
  const found: string[] = [];
  for await (const one of eachEntry(database.knex, filter, { oldestFirst })) found.push(place(one));
  return found;
};

describe('entries', () => {
  it('are those that a naive filter finds, in their order, page by page', async () => {
    await fc.assert(
      fc.asyncProperty(filterOf, fc.integer({ min: 1, max: 60 }), async (filter, first) => {
        const meant = all.filter((one) => isNaivelyMeant(one, filter));
        expect(await gather(filter)).toEqual(meant.map(place));
        expect(await gather(filter, true)).toEqual(meant.map(place).reverse());
        const paged: string[] = [];
        let after: string | undefined;
        do {
          const { entries, next } = await readEntries(database.knex, filter, {
            first,
            after,
            most: 150,
          });
          for (const one of entries) {
            paged.push(place(one));
            const naive = meant.find((other) => place(other) === place(one))!;
            const cells = shownDecisions(one, filter).flatMap((decision) =>
              decision.coordinates.map((coordinate) => ({
                coordinate,
                reason: decision.reason,
                subjects: [...unpackRanges(decision.subjects)].sort(),
              })),
            );
            expect(cells).toEqual(
              cellsMeant(naive.entry, filter).map((cell) => ({
                ...cell,
                subjects: [...cell.subjects].sort(),
              })),
            );
          }
          after = next ?? undefined;
        } while (after !== undefined);
        expect(paged).toEqual(meant.map(place));
      }),
      { numRuns: 60 },
    );
  });

  it('are counted as a naive count has it', async () => {
    const keysOf = fc.uniqueArray(pick(...auditKeys), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(filterOf, keysOf, async (filter, by) => {
        const ofDecisions =
          decides(filter) ||
          by.some((key) => ['coordinate', 'reason', 'released', 'subject'].includes(key));
        const groups = new Map<
          string,
          { entries: Set<string>; decisions: number; persons: Set<number> }
        >();
        for (const naive of all.filter((one) => isNaivelyMeant(one, filter))) {
          const own = naive.entry as Partial<OperationEntry>;
          const text = (value: string | undefined) =>
            value === undefined ? null : storable(value);
          const add = (cell?: Cell, subject?: number): void => {
            const values: Record<AuditKey, string | null> = {
              log: naive.log,
              kind: naive.entry.kind,
              client: text(own.client),
              actor: naive.entry.actor,
              purpose: text(own.purpose),
              operation: text(own.operation),
              policy: text(own.policy),
              outcome: text(own.outcome),
              day: naive.at.toISOString().slice(0, 10),
              hour: `${naive.at.toISOString().slice(0, 13)}:00Z`,
              coordinate: cell?.coordinate ?? null,
              reason: cell?.reason ?? null,
              released: cell ? String(released.has(cell.reason)) : null,
              subject: subject === undefined ? null : subject < 0 ? '?' : String(subject),
            };
            const key = JSON.stringify(by.map((name) => values[name]));
            const group = groups.get(key) ?? {
              entries: new Set(),
              decisions: 0,
              persons: new Set(),
            };
            groups.set(key, group);
            group.entries.add(naive.entry.id);
            if (!cell) return;
            const numbers =
              subject !== undefined
                ? [subject]
                : cell.subjects.filter(
                    (one) => filter.subject === undefined || one === filter.subject,
                  );
            group.decisions += numbers.length;
            for (const number of numbers) if (number >= 0) group.persons.add(number);
          };
          if (!ofDecisions) add();
          else
            for (const cell of cellsMeant(naive.entry, filter)) {
              if (!by.includes('subject')) add(cell);
              else
                for (const number of cell.subjects)
                  if (filter.subject === undefined || number === filter.subject) add(cell, number);
            }
        }
        const sorted = (
          rows: readonly (readonly [string, number, number | null, number | null])[],
        ) => [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
        const counted = await countEntries(database.knex, filter, by);
        if (by.length === 0 && groups.size === 0) {
          expect(counted.reduce((sum, { entries }) => sum + entries, 0)).toBe(0);
          return;
        }
        expect(
          sorted(
            counted.map(({ keys, entries, decisions, persons }) => [
              JSON.stringify(by.map((name) => keys[name])),
              entries,
              decisions,
              persons,
            ]),
          ),
        ).toEqual(
          sorted(
            [...groups].map(([key, { entries, decisions, persons }]) => [
              key,
              entries.size,
              ofDecisions ? decisions : null,
              ofDecisions ? persons.size : null,
            ]),
          ),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('are the same when they are watched as when they are found', () => {
    const logged = all.map(({ entry, at, ...where }) => ({
      naive: { ...where, entry, at },
      stored: { ...decodeEntry(encodeEntry(entry, at)[0]!), ...where },
    }));
    fc.assert(
      fc.property(filterOf, (filter) => {
        const prepared = prepareFilter(filter);
        for (const { naive, stored } of logged)
          expect(isMeant(stored, prepared)).toBe(isNaivelyMeant(naive, filter));
      }),
    );
  });

  it('refuses a cursor that it did not give', async () => {
    for (const after of [
      '',
      'x',
      Buffer.from('1 2').toString('base64url'),
      'MSAyIDM=',
      Buffer.from('999999999999999 1 1').toString('base64url'),
      '__proto__',
    ])
      await expect(readEntries(database.knex, {}, { first: 1, after })).rejects.toMatchObject({
        code: 'CURSOR_INVALID',
      });
  });

  it('says where to go on when it has looked long enough', async () => {
    const filter = { coordinate: 'Customer.email', reason: 'EXPIRED', subject: 4 };
    const page = await readEntries(database.knex, filter, { first: 100, most: 3 });
    expect(page.next).not.toBeNull();
    expect(await readEntries(database.knex, {}, { first: 0 })).toMatchObject({ entries: [] });
  });

  it('counts no more groups, and reads no more entries, than it may', async () => {
    await expect(
      countEntries(database.knex, {}, ['client', 'hour'], { mostGroups: 3 }),
    ).rejects.toMatchObject({ code: 'AUDIT_TOO_MUCH', status: 400 });
    for (const limits of [{ mostGroups: 3 }, { most: 10 }])
      await expect(
        countEntries(database.knex, {}, ['coordinate', 'reason'], limits),
      ).rejects.toMatchObject({ code: 'AUDIT_TOO_MUCH' });
  });
});

describe('entries of one person', () => {
  const count = 1_200;
  let own: FreshDatabase;
  beforeAll(async () => {
    own = await freshDatabase({ migrated: true });
    // Several of one instant, in which the place decides.
    const leaves = Array.from(
      { length: 2 * count },
      (_, i) =>
        [
          operation(decided(['OPEN', ['A.b'], i % 2 === 0 ? '1-3,7' : '2,8'])),
          minutes(i >> 3),
        ] as const,
    );
    await writeRaw(own.knex, 'x', leaves);
    await catchUp(own.knex);
  });
  afterAll(() => own.drop());

  it('are all found, in their order, however many there are', async () => {
    const even = Array.from({ length: count }, (_, i) => 2 * i);
    for (const oldestFirst of [true, false]) {
      const found: number[] = [];
      for await (const { index } of eachEntry(own.knex, { subject: 7 }, { oldestFirst }))
        found.push(index);
      expect(found).toEqual(oldestFirst ? even : [...even].reverse());
    }
    for (const [subject, all] of [
      [2, 2 * count],
      [4, 0],
    ] as const)
      expect(await countCandidates(own.knex, { subject })).toBe(all);
  });

  it('are found by the index of persons, whatever else is asked', async () => {
    await own.knex.raw('analyze');
    const asked: string[] = [];
    const note = ({ sql }: { readonly sql: string }): void =>
      void asked.push(sql.replace(/\$\d+/g, '?'));
    own.knex.on('query', note);
    await readEntries(own.knex, { subject: 7, client: 'shop-web' }, { first: 3 });
    own.knex.off('query', note);
    const at = asked.findIndex((sql) => sql.includes('f.subjects'));
    const plan = await own.knex.transaction(async (trx) => {
      await trx.raw(asked[at - 1] ?? '');
      return trx.raw<{ rows: object[] }>(`explain ${asked[at] ?? ''}`, [7, 'shop-web', 3]);
    });
    // Half of all are of that person, all of that client.
    expect(JSON.stringify(plan.rows)).toMatch(/Bitmap Index Scan on audit_search_\w+_subjects_idx/);
  });
});

describe('one entry', () => {
  it('is found by its id and by its place, without any index', async () => {
    const own = await freshDatabase({ migrated: true });
    try {
      const [first, second] = [operation(), operation(decided(['OPEN', ['A.b'], '3']))];
      await writeRaw(own.knex, 'x', [
        [first, minutes(1)],
        [second, minutes(2)],
      ]);
      const byId = await readEntry(own.knex, { id: second.id.toUpperCase() });
      expect(byId).toHaveLength(1);
      expect(byId[0]).toMatchObject({ log: 'x', index: 1, entry: second });
      expect(await readEntry(own.knex, { log: 'x', index: 1 })).toEqual(byId);
      for (const index of [2, -1, 1.5, NaN])
        expect(await readEntry(own.knex, { log: 'x', index })).toEqual([]);
      expect(await readEntry(own.knex, { log: 'y', index: 0 })).toEqual([]);
      for (const id of ['', 'x', "' or true", nextId()])
        expect(await readEntry(own.knex, { id })).toEqual([]);
    } finally {
      await own.drop();
    }
  });

  it('of several parts is all of them, and counts once', async () => {
    const own = await freshDatabase({ migrated: true });
    try {
      const sets = Array.from({ length: 30 }, (_, i) =>
        Array.from({ length: 1_000 }, (__, k) => i * 10_000 + k * 2).join(','),
      );
      const long = operation({
        coordinates: ['A.b', 'A.c'],
        sets,
        decisions: [['OPEN', [0, 1], sets.map((_, i) => i)]],
      });
      expect(encodeEntry(long, minutes(1)).length).toBeGreaterThan(2);
      await writeRaw(own.knex, 'x', [
        [operation(), minutes(0)],
        [long, minutes(1)],
      ]);
      await indexAudit(byKnex(own.knex));
      const parts = await readEntry(own.knex, { id: long.id });
      expect(parts.map(({ entry }) => entry?.parts)).toEqual(parts.map(() => parts.length));
      const [inFull] = unpackDecisions(long, long.decisions);
      const together = new Set(
        parts.flatMap((part) =>
          shownDecisions(part).flatMap(({ subjects }) => unpackRanges(subjects)),
        ),
      );
      expect(together).toEqual(new Set(unpackRanges(inFull!.subjects)));
      expect(await countEntries(own.knex, {}, [])).toEqual([
        { keys: {}, entries: 2, decisions: null, persons: null },
      ]);
      expect(await countEntries(own.knex, {}, ['reason'])).toEqual([
        { keys: { reason: 'OPEN' }, entries: 1, decisions: 60_000, persons: 30_000 },
      ]);
    } finally {
      await own.drop();
    }
  });

  it('that is none is shown by where it stands', async () => {
    const own = await freshDatabase({ migrated: true });
    try {
      await writeRaw(own.knex, 'x', [
        [Buffer.from('{}'), minutes(1)],
        [operation(), minutes(2)],
      ]);
      await catchUp(own.knex);
      const found = async (filter: AuditFilter) =>
        (await readEntries(own.knex, filter, { first: 10 })).entries.map(({ index }) => index);
      expect(await found({})).toEqual([1, 0]);
      expect(await found({ kind: 'unreadable' })).toEqual([0]);
      expect(await found({ to: minutes(2), log: 'x' })).toEqual([0]);
      expect(await found({ actor: '' })).toEqual([]);
      // A changed index hides, but never shows what is not there.
      await own.knex.raw(`update audit_search set client = 'else' where index = 1`);
      expect(await found({ client: 'else' })).toEqual([]);
    } finally {
      await own.drop();
    }
  });
});

it('a policy is read as it was', async () => {
  await keepPolicy(database.knex, { id: policyId, text: 'type Query' });
  expect(await readPolicyText(database.knex, policyId)).toMatchObject({
    id: policyId,
    text: 'type Query',
    firstUsedAt: expect.any(Date) as Date,
  });
  for (const id of ['', 'x\0', `sha256:${'0'.repeat(64)}`])
    expect(await readPolicyText(database.knex, id)).toBeUndefined();
});
