import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAuditStore, keepPolicy } from '../../src/audit/audit-store.ts';
import { decodeEntry } from '../../src/audit/decode-entry.ts';
import type { OperationEntry } from '../../src/audit/entry.ts';
import { readLeaves } from '../../src/audit/leaf-reader.ts';
import { beginLog, databaseTiles, loadTail, readLog } from '../../src/audit/log-state.ts';
import { packRanges } from '../../src/audit/number-ranges.ts';
import { ensureMonths } from '../../src/audit/partitions.ts';
import { openPool } from '../../src/database/connection.ts';
import { preparedStatements } from '../../src/database/prepared-statements.ts';
import { hashLeaf, hashNode } from '../../src/tlog/merkle.ts';
import { rootOf } from '../../src/tlog/tiles.ts';
import { TreeTail } from '../../src/tlog/tree-tail.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { cuttingProxy, type CuttingProxy } from './cutting-proxy.ts';
import { byKnex } from '../../src/core/statement.ts';

const policy = { id: `sha256:${'a'.repeat(64)}`, text: 'type Query' };
let database: FreshDatabase;
let other: Knex;
let origin: string;
let log: number;
beforeAll(async () => {
  database = await freshDatabase({ migrated: true });
  other = openPool(database.connection);
});
afterAll(async () => {
  await other.destroy();
  await database.drop();
});
beforeEach(async () => {
  origin = `test.local/${randomUUID()}`;
  log = await beginLog(database.knex, origin, `${origin}+00000000+AA==`);
});

const entry = (changes: Partial<OperationEntry> = {}): OperationEntry => ({
  kind: 'operation',
  id: randomUUID(),
  client: 'shop-web',
  actor: 'subject:7',
  purpose: 'SUGGEST',
  operation: 'Home',
  documentHash: 'b'.repeat(64),
  policy: policy.id,
  head: 42,
  decidedAt: 1_795_456_821_371_123,
  notices: [],
  outcome: 'ANSWERED',
  signals: [],
  errors: [],
  coordinates: [],
  sets: [],
  decisions: [],
  ...changes,
});
const storeOn = (knex: Knex) =>
  createAuditStore({ knex, database: preparedStatements(knex), log, origin });

/** RFC 6962, 2.1, as it is written there. */
const naiveRoot = (leaves: readonly Buffer[]): Buffer => {
  const [only] = leaves;
  if (leaves.length === 1 && only) return hashLeaf(only);
  let k = 1;
  while (2 * k < leaves.length) k *= 2;
  return hashNode(naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)));
};

/** What stands in the log, checked to be whole. */
const soundIds = async (): Promise<readonly string[]> => {
  const state = await readLog(byKnex(other), log);
  const leaves = await readLeaves(other, log, 0, 1e9);
  expect(leaves.map(({ index }) => index)).toEqual(leaves.map((_, i) => i));
  expect(state?.size).toBe(leaves.length);
  if (leaves.length > 0) {
    const root = naiveRoot(leaves.map(({ bytes }) => bytes));
    expect(state?.root).toEqual(root);
    expect(await rootOf(databaseTiles(byKnex(other), log), leaves.length)).toEqual(root);
    expect((await loadTail(byKnex(other), log)).root()).toEqual(root);
  }
  return leaves.map(({ bytes }) => decodeEntry(bytes).id);
};

describe('append', () => {
  it('answers where each entry stands, without a gap, however many share a transaction', async () => {
    const store = storeOn(database.knex);
    const entries = Array.from({ length: 700 }, () => entry());
    const places = await Promise.all(entries.map((one) => store.append(one)));
    const ids = await soundIds();
    expect(places.map(({ index }) => ids[index])).toEqual(entries.map(({ id }) => id));
    expect(places.every((place) => place.log === origin)).toBe(true);
    const { rows } = await other.raw<{ rows: { count: number }[] }>(
      'select count(distinct xmin::text)::integer as count from audit_entry where log = ?',
      [log],
    );
    expect(rows[0]?.count).toBeLessThan(10);
  });

  it('cannot be forked by two processes that write to one log', async () => {
    const stores = [storeOn(database.knex), storeOn(other), storeOn(other)];
    const entries = Array.from({ length: 300 }, () => entry());
    const places: { index: number }[] = [];
    for (let i = 0; i < entries.length; i += 30) {
      const some = entries.slice(i, i + 30);
      places.push(...(await Promise.all(some.map((one, k) => stores[k % 3]!.append(one)))));
    }
    const ids = await soundIds();
    expect(ids).toHaveLength(300);
    expect(places.map(({ index }) => ids[index])).toEqual(entries.map(({ id }) => id));
  });

  it('is there for every other process when it returns', async () => {
    const store = storeOn(database.knex);
    for (let i = 0; i < 10; i += 1) {
      const one = entry();
      const { index } = await store.append(one);
      const [leaf] = await readLeaves(other, log, index, index + 1);
      expect(leaf && decodeEntry(leaf.bytes)).toMatchObject(one);
    }
  });

  it('goes on with a log where another process left it, at every size of its tiles', async () => {
    for (const count of [1, 254, 1, 1, 255, 300, 1]) {
      const store = storeOn(other);
      await Promise.all(Array.from({ length: count }, () => store.append(entry())));
      await soundIds();
    }
  });

  it('keeps every part of an operation on 40,000 persons, one after the other', async () => {
    const scattered = Array.from({ length: 40_000 }, (_, i) => i * 6 + (i % 3));
    const large = entry({
      coordinates: ['Customer.email'],
      sets: [packRanges(scattered)],
      decisions: [['CONSENTED', [0], [0]]],
    });
    const store = storeOn(database.knex);
    const [first, place, last] = await Promise.all(
      [entry(), large, entry()].map((one) => store.append(one)),
    );
    const ids = await soundIds();
    expect(place?.index).toBe((first?.index ?? 0) + 1);
    expect(ids.filter((id) => id === large.id).length).toBe((last?.index ?? 0) - 1);
    expect(ids.length).toBeGreaterThan(6);
  });

  it('takes what no database text could hold', async () => {
    const strange = entry({ client: 'a\0b', actor: '\ud83d', operation: 'x'.repeat(100_000) });
    await storeOn(database.knex).append(strange);
    expect(await soundIds()).toEqual([strange.id]);
  });

  it('makes the table of a month that has none yet', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2031-05-31T23:59:59.999Z') });
    try {
      await storeOn(database.knex).append(entry());
    } finally {
      vi.useRealTimers();
    }
    expect(await soundIds()).toHaveLength(1);
    await expect(database.knex.raw('truncate audit_entry_2031_05')).rejects.toThrow(
      /only ever inserted/,
    );
  });
});

describe('a log that cannot be written', () => {
  it('fails as a whole, writes nothing, and recovers without a restart', async () => {
    const store = storeOn(database.knex);
    await store.append(entry());
    await other.raw('alter table audit_entry rename to away');
    const results = await Promise.allSettled(
      [entry(), entry(), entry()].map((one) => store.append(one)),
    );
    await other.raw('alter table away rename to audit_entry');
    for (const result of results) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { code: 'AUDIT_UNAVAILABLE', status: 503 },
      });
    }
    expect(await soundIds()).toHaveLength(1);
    await store.append(entry());
    expect(await soundIds()).toHaveLength(2);
  });

  it('is built on by nobody when its hashes were changed', async () => {
    await storeOn(database.knex).append(entry());
    await other.transaction(async (trx) => {
      await trx.raw('alter table audit_entry disable trigger audit_entry_append_only');
      await trx.raw(`update audit_entry set hash = sha256('x') where log = ?`, [log]);
      await trx.raw('alter table audit_entry enable trigger audit_entry_append_only');
    });
    await expect(storeOn(other).append(entry())).rejects.toMatchObject({
      code: 'AUDIT_UNAVAILABLE',
      cause: { code: 'TLOG_HASH' },
    });
    expect((await readLog(byKnex(other), log))?.size).toBe(1);
  });

  it('is built on by nobody when it is not what this process knew of it', async () => {
    const store = storeOn(database.knex);
    await Promise.all([entry(), entry(), entry()].map((one) => store.append(one)));
    const whole = await readLog(byKnex(other), log);
    // Whoever owns the tables makes hashes and root anew, as if the last entry had been another.
    await other.transaction(async (trx) => {
      await trx.raw('alter table audit_entry disable trigger user');
      await trx.raw(`update audit_entry set hash = ? where log = ? and index = 2`, [
        hashLeaf(Buffer.from('x')),
        log,
      ]);
      await trx.raw('alter table audit_entry enable trigger user');
      const leaves = await readLeaves(trx, log, 0, 3);
      const tree = new TreeTail();
      for (const { hash } of leaves) tree.append(hash);
      await trx.raw('update audit_log set root = ? where id = ?', [tree.root(), log]);
    });
    await expect(store.append(entry())).rejects.toMatchObject({
      cause: { code: 'TLOG_HASH', message: expect.stringContaining('history was changed') },
    });
    // A process that starts knows it by what was signed.
    const last = { size: 3, root: whole!.root };
    const after = createAuditStore({ knex: other, log, origin, last });
    await expect(after.append(entry())).rejects.toMatchObject({ cause: { code: 'TLOG_HASH' } });
    expect((await readLog(byKnex(other), log))?.size).toBe(3);
  });

  it('is one under which the same id stands with something else', async () => {
    const first = entry();
    await storeOn(database.knex).append(first);
    // As if an attempt of before had gone through, and said other things.
    const store = storeOn(database.knex);
    await store.append(entry());
    await storeOn(other).append(entry());
    await expect(store.append({ ...first, client: 'other' })).rejects.toMatchObject({
      code: 'AUDIT_UNAVAILABLE',
    });
  });
});

describe('an outcome that nobody told', () => {
  let proxy: CuttingProxy;
  let cut: Knex;
  beforeEach(async () => {
    proxy = await cuttingProxy(database.connection);
    cut = openPool(proxy.connection);
  });
  afterEach(async () => {
    await cut.destroy();
    await proxy.close();
  });

  it.each(['before', 'after'] as const)(
    'is settled: once in the log, with the connection cut %s the commit',
    async (when) => {
      const store = storeOn(cut);
      await store.append(entry());
      for (let round = 0; round < 5; round += 1) {
        proxy.cutNext(when);
        const entries = [entry(), entry(), entry()];
        const places = await Promise.all(entries.map((one) => store.append(one)));
        expect(proxy.cuts).toBe(round + 1);
        const ids = await soundIds();
        expect(ids).toHaveLength(1 + 3 * (round + 1));
        expect(places.map(({ index }) => ids[index])).toEqual(entries.map(({ id }) => id));
      }
    },
  );

  it('is told of like any other, so that what was written is signed', async () => {
    const sizes: number[] = [];
    const onSize = (size: number): void => void sizes.push(size);
    const store = createAuditStore({ knex: cut, log, origin, onSize });
    await store.append(entry());
    proxy.cutNext('after');
    await store.append(entry());
    expect(proxy.cuts).toBe(1);
    expect(sizes).toEqual([1, 2]);
  });

  it('is settled when the lost attempt arrives after the one that took its place', async () => {
    const store = storeOn(cut);
    await store.append(entry());
    proxy.delayNext(400);
    const late = entry();
    await store.append(late);
    await new Promise((resolve) => setTimeout(resolve, 700));
    await store.append(entry());
    expect((await soundIds()).filter((id) => id === late.id)).toHaveLength(1);
    expect(await soundIds()).toHaveLength(3);
  });

  it('is settled once, though the look for it is lost as well', async () => {
    // Commits, loses the answer, and then the connection at the first two looks.
    let insertsToLose = 1;
    let looksToLose = 2;
    const lossy = new Proxy(database.knex, {
      get: (knex, name) => {
        if (name !== 'raw') return Reflect.get(knex, name) as unknown;
        return (sql: string, bindings: never) => {
          const query = knex.raw(sql, bindings);
          const timeout = async (ms: number): Promise<unknown> => {
            const result: unknown = await query.timeout(ms);
            const lost = Object.assign(new Error('lost'), { code: 'ECONNRESET' });
            if (sql.includes('insert into audit_entry') && insertsToLose-- > 0) throw lost;
            if (sql.includes('id = any') && looksToLose-- > 0) throw lost;
            return result;
          };
          return Object.assign(Object.create(query) as typeof query, {
            timeout,
            then: query.then.bind(query),
          });
        };
      },
    });
    const store = createAuditStore({ knex: lossy, log, origin });
    const first = [entry(), entry()];
    await Promise.all(first.map((one) => store.append(one)));
    expect(looksToLose).toBeLessThanOrEqual(0);
    const next = entry();
    await store.append(next);
    expect(await soundIds()).toEqual([...first, next].map(({ id }) => id));
  });

  it('keeps the answer here until it is settled', async () => {
    const store = storeOn(cut);
    await store.append(entry());
    // Somebody else holds the log's row, so that neither attempt can say what became of it.
    const holder = await other.transaction();
    await holder.raw('select from audit_log where id = ? for update', [log]);
    proxy.cutNext('before');
    let settled = false;
    const appending = store.append(entry()).then(() => (settled = true));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(settled).toBe(false);
    await holder.rollback();
    await appending;
    expect(await soundIds()).toHaveLength(2);
  });
});

describe('the database', () => {
  it.each([
    `update audit_entry set entry = 'x'`,
    'delete from audit_entry',
    'truncate audit_entry',
    'delete from audit_log',
    'truncate audit_log cascade',
    'update audit_log set size = size - 1 where size > 0',
    `update audit_log set origin = 'other'`,
    'delete from audit_tile',
    `update audit_tile set hashes = sha256('x')`,
    'truncate audit_tile',
    `update audit_key set key = 'x'`,
    `update policy set sdl = 'other'`,
    'delete from policy',
    `insert into policy (id, sdl) values ('other', '')`,
  ])('refuses: %s', async (sql) => {
    await keepPolicy(database.knex, policy);
    const store = storeOn(database.knex);
    await Promise.all(Array.from({ length: 300 }, () => store.append(entry())));
    await expect(database.knex.raw(sql)).rejects.toThrow();
  });

  it('keeps a policy once, whoever brings it first', async () => {
    await Promise.all([1, 2, 3].map(() => keepPolicy(other, policy)));
    expect(await database.knex('policy').where({ id: policy.id })).toHaveLength(1);
  });

  it('makes months once, whoever comes first', async () => {
    const at = new Date('2032-01-15T00:00:00Z');
    await Promise.all([
      ensureMonths(database.knex, at),
      ensureMonths(other, at),
      ensureMonths(other, at),
    ]);
    const { rows } = await other.raw<{ rows: unknown[] }>(
      `select from pg_class where relname ~ '^audit_(entry|search)_2032_(01|02)$'`,
    );
    expect(rows).toHaveLength(4);
  });

  it('has entries kept as they are, in months to come as well', async () => {
    await ensureMonths(database.knex, new Date('2033-05-15T00:00:00Z'));
    const sets = [packRanges(Array.from({ length: 2_000 }, (_, i) => 3 * i))];
    await storeOn(database.knex).append(entry({ sets }));
    const { rows: kept } = await other.raw<{ rows: unknown[] }>(
      `select pg_column_size(entry) >= length(entry) as whole from audit_entry where log = ?`,
      [log],
    );
    expect(kept).toEqual([{ whole: true }]);
    const { rows: months } = await other.raw<{ rows: unknown[] }>(
      `select distinct attstorage from pg_attribute
       where attname = 'entry' and attrelid::regclass::text ~ '^audit_entry'
         and attrelid::regclass::text !~ 'without_tree'`,
    );
    expect(months).toEqual([{ attstorage: 'e' }]);
  });
});
