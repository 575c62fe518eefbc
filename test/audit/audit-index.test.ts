import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { down, up } from '../../migrations/20261130090000_audit_subjects.ts';
import { countUnindexed, indexAudit } from '../../src/audit/audit-index.ts';
import { createAuditIndexer } from '../../src/audit/audit-indexer.ts';
import { decodeEntry } from '../../src/audit/decode-entry.ts';
import { encodeEntry } from '../../src/audit/encode-entry.ts';
import type { AuditEntry } from '../../src/audit/entry.ts';
import { partitionName } from '../../src/audit/partitions.ts';
import { RecentEntries } from '../../src/audit/recent-entries.ts';
import { byKnex, type Statements } from '../../src/core/statement.ts';
import { openPool } from '../../src/database/connection.ts';
import { preparedStatements } from '../../src/database/prepared-statements.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { decided, nextId, operation, writeRaw } from './raw-log.ts';

let database: FreshDatabase;
beforeEach(async () => {
  database = await freshDatabase({ migrated: true });
});
afterEach(() => database.drop());

const at = new Date('2026-11-24T10:00:00.123Z');
const subjects = async () => {
  const rows = (await database.knex('audit_search').orderBy('index')) as { subjects: number[] }[];
  return rows.map((row) => row.subjects.sort((a, b) => a - b));
};

/** What happens comes between the first look at entries and what is written of them. */
const heldUp = (happens: () => Promise<void>): Statements => {
  const plain = byKnex(database.knex);
  let left = 1;
  return {
    ask: async (statement, values, timeoutMs) => {
      if (statement.name.startsWith('insert') && left-- > 0) await happens();
      return plain.ask(statement, values, timeoutMs);
    },
  };
};

describe('indexAudit', () => {
  it('has one row for each entry, with each person in it', async () => {
    await writeRaw(database.knex, 'a', [
      [operation(decided(['OPEN', ['A.b', 'A.c'], '1-3,9,?'], ['EXPIRED', ['A.c'], '2-4'])), at],
      [operation(decided(['NOT_PERMITTED', ['A.d'], ''])), at],
      [{ kind: 'erasure', id: nextId(), actor: 'subject:7', head: 1, subject: 7, sources: [] }, at],
      [{ kind: 'key', id: nextId(), actor: 'sayso', key: 'k', replaces: 'j' }, at],
    ]);
    expect(await indexAudit(byKnex(database.knex))).toMatchObject({ done: 4, left: 0 });
    expect(await subjects()).toEqual([[1, 2, 3, 4, 9], [], [7], []]);
    expect(await database.knex('audit_search').orderBy('index')).toMatchObject([
      {
        at,
        kind: 'operation',
        client: 'shop-web',
        coordinates: ['A.b', 'A.c'],
        reasons: ['OPEN', 'EXPIRED'],
      },
      { coordinates: ['A.d'], reasons: ['NOT_PERMITTED'] },
      { kind: 'erasure', actor: 'subject:7', client: null },
      { kind: 'key', actor: 'sayso' },
    ]);
    expect(await indexAudit(byKnex(database.knex))).toMatchObject({ done: 0, left: 0 });
  });

  it('stops at `most`, and goes on from there, over all logs', async () => {
    const leaves = Array.from({ length: 5 }, () => [operation(), at] as const);
    await writeRaw(database.knex, 'a', leaves);
    await writeRaw(
      database.knex,
      'b',
      leaves.map(() => [operation(), at] as const),
    );
    expect(await indexAudit(byKnex(database.knex), { most: 3 })).toMatchObject({
      done: 3,
      left: 7,
    });
    expect(await countUnindexed(byKnex(database.knex))).toBe(7);
    expect(await indexAudit(byKnex(database.knex), { most: 4 })).toMatchObject({
      done: 4,
      left: 3,
    });
    expect(await indexAudit(byKnex(database.knex))).toMatchObject({ done: 3, left: 0 });
    expect(await database.knex('audit_search')).toHaveLength(10);
  });

  it('is not stopped by what is no entry, nor by texts that a database cannot hold', async () => {
    const huge = Buffer.from(
      `{"actor":"a","at":"${at.toISOString()}","client":"c","coordinates":["A.b"],"decisions":[["OPEN",[0],[0]]],` +
        `"documentHash":"d","id":"i","kind":"operation","outcome":"ANSWERED","policy":"p","sets":["0-2147483647"],"v":1}`,
    );
    const nul = Buffer.from(
      `{"actor":"a","at":"${at.toISOString()}","client":"{\\"c\\\\,","coordinates":["A.\\"b\\u0000"],"documentHash":"d",` +
        `"id":"i","kind":"operation","outcome":"\\ud800","policy":"p","v":1}`,
    );
    await writeRaw(database.knex, 'a', [
      [Buffer.from('no entry'), at],
      [Buffer.from([0xff, 0]), at],
      [huge, at],
      [nul, at],
      [operation(decided(['OPEN', ['A.b'], '5'])), at],
    ]);
    expect(await indexAudit(byKnex(database.knex))).toMatchObject({ done: 5, left: 0 });
    const rows = (await database.knex('audit_search').orderBy('index')) as { kind: string }[];
    expect(rows.map(({ kind }) => kind)).toEqual([
      ...['unreadable', 'unreadable', 'unreadable', 'operation', 'operation'],
    ]);
    expect(rows[3]).toMatchObject({
      actor: 'a',
      outcome: '\\ud800',
      client: '{"c\\,',
      coordinates: ['A."b\\u0000'],
    });
    expect(await subjects()).toEqual([[], [], [], [], [5]]);
  });

  it('is done once, whoever does it', async () => {
    await writeRaw(
      database.knex,
      'a',
      Array.from({ length: 3_000 }, (_, i) => [
        operation(decided(['OPEN', ['A.b'], String(i)])),
        at,
      ]),
    );
    const other = openPool(database.connection);
    const done = await Promise.all(
      [database.knex, other, other].map((knex) => indexAudit(byKnex(knex))),
    );
    await other.destroy();
    expect(done.reduce((sum, one) => sum + one.done, 0)).toBe(3_000);
    expect(await database.knex('audit_search')).toHaveLength(3_000);
    expect((await subjects()).flat()).toEqual(Array.from({ length: 3_000 }, (_, i) => i));
  });

  it('writes nothing where somebody else was faster, and goes on behind them', async () => {
    const entries = ['1', '2', '3'].map((set) => operation(decided(['OPEN', ['A.b'], set])));
    await writeRaw(
      database.knex,
      'a',
      entries.map((entry) => [entry, at]),
    );
    const plain = byKnex(database.knex);
    const slow = heldUp(async () => {
      expect(await indexAudit(plain, { most: 2 })).toMatchObject({ done: 2, left: 1 });
    });
    expect(await indexAudit(slow)).toMatchObject({ done: 1, left: 0 });
    expect(await subjects()).toEqual([[1], [2], [3]]);
  });

  it('leaves no gap where the index is begun anew meanwhile', async () => {
    await writeRaw(database.knex, 'a', [
      [operation(), at],
      [operation(), at],
    ]);
    const plain = byKnex(database.knex);
    await indexAudit(plain, { most: 1 });
    const slow = heldUp(async () => {
      await database.knex.raw('truncate audit_search, audit_indexed');
    });
    await indexAudit(slow);
    expect(await countUnindexed(plain)).toBe(0);
    expect(await database.knex('audit_search')).toHaveLength(2);
  });

  it('leaves out what retention takes while it is at work', async () => {
    const [january, february] = [
      new Date('2026-01-15T10:00:00.123Z'),
      new Date('2026-02-15T10:00:00.123Z'),
    ];
    const log = await writeRaw(
      database.knex,
      'a',
      [january, january, february].map((month) => [operation(), month]),
    );
    const slow = heldUp(async () => {
      await database.knex.raw('update audit_log set minimum_index = 2 where id = ?', [log]);
      for (const table of ['audit_entry', 'audit_search'])
        await database.knex.raw(`drop table ${partitionName(table, january)}`);
    });
    expect(await indexAudit(slow)).toMatchObject({ done: 3, left: 0 });
    expect(await database.knex('audit_search').select('index')).toEqual([{ index: 2 }]);
  });

  it('goes on where entries begin, when retention was faster', async () => {
    const log = await writeRaw(database.knex, 'a', [
      [operation(), at],
      [operation(), at],
    ]);
    await database.knex.raw('update audit_log set minimum_index = 1 where id = ?', [log]);
    expect(await indexAudit(byKnex(database.knex))).toMatchObject({ done: 1, left: 0 });
    expect(await database.knex('audit_search')).toHaveLength(1);
  });
});

describe('an indexer', () => {
  const until = async (check: () => Promise<boolean>): Promise<void> => {
    for (let i = 0; i < 200; i += 1) {
      if (await check()) return;
      await sleep(20);
    }
    throw new Error('it never came');
  };

  it('indexes when it is woken, and tries again what failed', async () => {
    const failures: unknown[] = [];
    const { knex } = database;
    const indexer = createAuditIndexer({
      database: byKnex(knex),
      every: 20,
      onError: (error) => failures.push(error),
    });
    await writeRaw(knex, 'a', [[operation(), at]]);
    await knex.raw('alter table audit_search rename to away');
    indexer.wake();
    await until(() => Promise.resolve(failures.length > 0));
    await knex.raw('alter table away rename to audit_search');
    await until(async () => (await countUnindexed(byKnex(knex))) === 0);
    await writeRaw(knex, 'a', [[operation(), at]]);
    indexer.wake();
    indexer.wake();
    await until(async () => (await countUnindexed(byKnex(knex))) === 0);
    await indexer.close();
    await writeRaw(knex, 'a', [[operation(), at]]);
    indexer.wake();
    await sleep(60);
    expect(await countUnindexed(byKnex(knex))).toBe(1);
  });

  it('leaves logs to who writes them, until they no longer move', async () => {
    const { knex } = database;
    const own = await writeRaw(knex, 'own', [[operation(), at]]);
    const others = [operation(), operation(), operation()].map((entry) => [entry, at] as const);
    const other = await writeRaw(knex, 'other', others);
    const plain = byKnex(knex);
    const recent = new RecentEntries();
    recent.add({ log: own, index: 0, at, entry: operation() });
    let seen: ReadonlyMap<number, number> = new Map();
    const look = async () => {
      const { stands, ...indexed } = await indexAudit(plain, { recent, seen });
      seen = stands;
      return indexed;
    };
    expect(await look()).toEqual({ done: 1, left: 0, passedOver: 1 });
    // It moves: somebody sees to it.
    await knex.raw('insert into audit_indexed (log, size) values (?, 1)', [other]);
    expect(await look()).toEqual({ done: 0, left: 0, passedOver: 1 });
    await knex.raw('update audit_indexed set size = 2 where log = ?', [other]);
    expect(await look()).toEqual({ done: 0, left: 0, passedOver: 1 });
    // It no longer does.
    expect(await look()).toEqual({ done: 1, left: 0, passedOver: 0 });
    expect(await look()).toEqual({ done: 0, left: 0, passedOver: 0 });
  });

  it('lets others have their turn', async () => {
    const set = Array.from({ length: 8_000 }, (_, i) => i * 3).join(',');
    const entries = Array.from({ length: 60 }, () => operation(decided(['OPEN', ['A.b'], set])));
    await writeRaw(
      database.knex,
      'a',
      entries.map((entry) => [entry, at]),
    );
    const plain = byKnex(database.knex);
    /** Rounds of the event loop while entries are decoded: between their bytes and what is written of them. */
    let rounds = 0;
    let decoding = false;
    const round = (): void => {
      if (!decoding) return;
      rounds += 1;
      setImmediate(round);
    };
    const begin = performance.now();
    for (const entry of entries) decodeEntry(encodeEntry(entry, at)[0] ?? Buffer.alloc(0));
    // A turn takes four milliseconds.
    expect(performance.now() - begin).toBeGreaterThan(8);
    await indexAudit({
      ask: async (statement, values, timeoutMs) => {
        if (statement.name.startsWith('insert')) decoding = false;
        const answer = await plain.ask(statement, values, timeoutMs);
        if (statement.name.startsWith('read entries')) {
          decoding = true;
          setImmediate(round);
        }
        return answer as never;
      },
    });
    expect(await countUnindexed(plain)).toBe(0);
    expect(rounds).toBeGreaterThan(1);
  });
});

describe('the index before there was one of persons', () => {
  it('is built anew from the log, of all its months', async () => {
    const months = [at, new Date('2026-02-24T10:00:00.123Z')];
    await writeRaw(
      database.knex,
      'a',
      months.map((month, i) => [operation(decided(['OPEN', ['A.b'], `${i}-5`])), month]),
    );
    await indexAudit(byKnex(database.knex));
    const found = await database.knex('audit_search').orderBy('index');
    await down(database.knex);
    const { rows } = await database.knex.raw<{ rows: unknown[] }>(
      `select from pg_inherits where inhparent = 'audit_subject'::regclass`,
    );
    // A month and the one after it.
    expect(rows).toHaveLength(4);
    await up(database.knex);
    expect(await indexAudit(byKnex(database.knex))).toMatchObject({ done: 2, left: 0 });
    expect(await database.knex('audit_search').orderBy('index')).toEqual(found);
    expect((await subjects()).flat()).toHaveLength(11);
  });

  it('is given up only when no replica of the version before is at work on it', async () => {
    const log = await writeRaw(database.knex, 'a', [[operation(), at]]);
    await indexAudit(byKnex(database.knex));
    await down(database.knex);
    await database.knex.raw('insert into audit_indexed (log) values (?)', [log]);
    const other = openPool(database.connection);
    try {
      const old = await other.transaction();
      await old.raw('select from audit_indexed where log = ? for update', [log]);
      const update = up(database.knex);
      const waiting = `select from pg_locks where not granted and database =
        (select oid from pg_database where datname = current_database())`;
      await expect
        .poll(async () => (await other.raw<{ rows: unknown[] }>(waiting)).rows)
        .toHaveLength(1);
      for (const table of ['audit_search', 'audit_subject'])
        await old.raw(`delete from ${table} where log = ?`, [log]);
      await old.commit();
      await update;
    } finally {
      await other.destroy();
    }
    expect(await indexAudit(byKnex(database.knex))).toMatchObject({ done: 1, left: 0 });
  });
});

describe('entries that were just written', () => {
  const entryOf = (ranges: string) => operation(decided(['OPEN', ['A.b'], ranges]));
  it('are indexed as they would be read back, and a gap is read from the log', async () => {
    const entries = ['1-3', '4', '5,9'].map(entryOf);
    await writeRaw(
      database.knex,
      'a',
      entries.map((entry) => [entry, at]),
    );
    const log: { readonly id: number } | undefined = await database.knex('audit_log').first('id');
    const recent = new RecentEntries();
    for (const index of [0, 2]) recent.add({ log: log!.id, index, at, entry: entries[index]! });
    expect(await indexAudit(byKnex(database.knex), { recent })).toMatchObject({ done: 3, left: 0 });
    const found = await database.knex('audit_search').orderBy('index');
    const people = await subjects();
    await database.knex('audit_search').delete();
    await database.knex('audit_indexed').delete();
    // As the gateway sends what it sends often.
    const sent = preparedStatements(database.knex);
    await indexAudit(sent);
    sent.close();
    expect(await database.knex('audit_search').orderBy('index')).toEqual(found);
    expect(await subjects()).toEqual(people);
    expect(people).toEqual([[1, 2, 3], [4], [5, 9]]);
  });

  it('are each found by their own, whatever they share with the one before', async () => {
    // What cannot change is remembered from one entry to the next.
    const shared = entryOf('1');
    const [decision] = shared.decisions;
    const one = {
      ...shared,
      coordinates: Object.freeze([...shared.coordinates]),
      decisions: Object.freeze([Object.freeze(decision!.map((part) => Object.freeze(part)))]),
    } as typeof shared;
    const others: readonly AuditEntry[] = [
      { ...one, client: 'another' },
      { ...one, actor: 'another' },
      { ...one, purpose: 'ANOTHER' },
      { ...one, operation: 'Another' },
      { ...one, outcome: 'ANOTHER' },
      { ...one, policy: 'another' },
      { ...one, coordinates: ['A.z'] },
      { ...one, decisions: [['EXPIRED', [0], [0]]] },
      { ...one, sets: ['2'] },
      { kind: 'key', id: nextId(), actor: 'sayso', key: 'k', replaces: 'j' },
    ];
    const entries = others.flatMap((other) => [
      { ...one, id: nextId() },
      { ...other, id: nextId() },
    ]);
    const id = await writeRaw(
      database.knex,
      'a',
      entries.map((entry) => [entry, at]),
    );
    const recent = new RecentEntries();
    for (const [index, entry] of entries.entries()) recent.add({ log: id, index, at, entry });
    const rows = () => database.knex('audit_search').orderBy('index');
    await indexAudit(byKnex(database.knex), { recent });
    const found = await rows();
    await database.knex.raw('truncate audit_search, audit_indexed');
    await indexAudit(byKnex(database.knex));
    expect(found).toEqual(await rows());
    expect(found).toHaveLength(entries.length);
  });
});
