import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createAuditStore, type AuditStore } from '../../src/audit/audit-store.ts';
import { signCheckpoint } from '../../src/audit/checkpointer.ts';
import { beginLog, databaseTiles, loadTail, readLog } from '../../src/audit/log-state.ts';
import { dropOldMonths } from '../../src/audit/retain.ts';
import { databaseSource } from '../../src/audit/verify/database-source.ts';
import { verifyLog } from '../../src/audit/verify/verify-log.ts';
import { openPool } from '../../src/database/connection.ts';
import { createLogErasures } from '../../src/ledger/log-erasures.ts';
import { createKey, signerOf } from '../../src/tlog/note.ts';
import { rootOf } from '../../src/tlog/tiles.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { byKnex } from '../../src/core/statement.ts';

let database: FreshDatabase;
let other: Knex;
let log: number;
let store: AuditStore;
const origin = 'test.local/retained';
const key = createKey(origin);

beforeEach(async () => {
  database = await freshDatabase({ migrated: true });
  other = openPool(database.connection);
  log = await beginLog(database.knex, origin, key.public);
  store = createAuditStore({ knex: database.knex, log, origin });
});
afterEach(async () => {
  vi.useRealTimers();
  await other.destroy();
  await database.drop();
});

const at = (time: string): void => {
  vi.useRealTimers();
  vi.useFakeTimers({ toFake: ['Date'], now: new Date(time) });
};
const append = (count: number, to: AuditStore = store) =>
  Promise.allSettled(
    Array.from({ length: count }, () =>
      to.append({
        kind: 'operation',
        id: randomUUID(),
        client: 'c',
        actor: 'a',
        documentHash: '',
        policy: 'p',
        notices: [],
        outcome: 'ANSWERED',
        signals: [],
        errors: [],
        coordinates: [],
        sets: [],
        decisions: [],
      }),
    ),
  );
const drop = (now: string) => dropOldMonths({ knex: database.knex, months: 1, now: new Date(now) });
const verify = async () => {
  await signCheckpoint(byKnex(database.knex), log, [signerOf(key.secret)]);
  return verifyLog(await databaseSource(database.knex, origin), { keys: [key.public] });
};

it('keeps every hash of a quiet log over many drops within one tile', async () => {
  for (const month of ['01', '02', '03', '04']) {
    at(`2026-${month}-10T00:00:00Z`);
    await append(3);
  }
  at('2026-05-20T00:00:00Z');
  await drop('2026-03-20T00:00:00Z');
  await drop('2026-04-20T00:00:00Z');
  await append(1);
  await drop('2026-05-20T00:00:00Z');
  const state = await readLog(byKnex(other), log);
  expect(state).toMatchObject({ minimumIndex: 9 });
  expect(await rootOf(databaseTiles(byKnex(other), log), state!.size)).toEqual(state!.root);
  expect((await loadTail(byKnex(other), log)).size).toBe(state!.size);
  const report = await verify();
  expect(report.findings).toEqual([]);
  expect(report).toMatchObject({ sound: true, gone: 9 });
  expect((await append(400)).every(({ status }) => status === 'fulfilled')).toBe(true);
  expect((await verify()).sound).toBe(true);
});

it('drops nothing where an entry was moved to an older month', async () => {
  at('2026-01-10T00:00:00Z');
  await append(2);
  at('2026-03-10T00:00:00Z');
  await append(5);
  await database.knex.raw('alter table audit_entry disable trigger user');
  await database.knex.raw(
    `update audit_entry set at = '2026-01-20T00:00:00Z' where log = ? and index = 6`,
    [log],
  );
  await expect(drop('2026-03-20T00:00:00Z')).rejects.toMatchObject({ code: 'TLOG_HASH' });
  expect(await database.knex('audit_entry')).toHaveLength(7);
  expect((await readLog(byKnex(other), log))?.size).toBe(7);
});

it('and writers do not lock each other out', async () => {
  at('2026-01-10T00:00:00Z');
  await append(50);
  at('2026-04-10T00:00:00Z');
  let writing = true;
  const write = async (): Promise<number> => {
    let failed = 0;
    while (writing)
      for (const { status } of await append(8)) if (status === 'rejected') failed += 1;
    return failed;
  };
  const failures = write();
  for (const month of ['02', '03', '04']) {
    await database.knex.raw(
      `create table if not exists audit_entry_2025_${month} partition of audit_entry
       for values from ('2025-${month}-01Z') to ('2025-${month}-02Z')`,
    );
    await drop('2026-04-10T00:00:00Z');
  }
  writing = false;
  expect(await failures).toBe(0);
  expect((await verify()).findings).toEqual([]);
}, 60_000);

it('does not hold up writers behind somebody who reads for long', async () => {
  at('2026-01-10T00:00:00Z');
  await append(5);
  at('2026-04-10T00:00:00Z');
  const reader = await other.transaction();
  await reader.raw('select count(*) from audit_entry');
  const begun = performance.now();
  const dropping = drop('2026-04-10T00:00:00Z').catch((error: unknown) => error);
  expect((await append(3)).every(({ status }) => status === 'fulfilled')).toBe(true);
  expect(await dropping).toMatchObject({ code: '55P03' });
  expect(performance.now() - begun).toBeLessThan(9_000);
  await reader.rollback();
  expect(await drop('2026-04-10T00:00:00Z')).toBeInstanceOf(Date);
  expect((await verify()).sound).toBe(true);
}, 60_000);

it('does not bring back erasures whose entries it took', async () => {
  const enter = createLogErasures(database.knex, store);
  await database.knex.raw(
    `insert into erasure (position, actor, report, subject) values (7, 'desk', '[]', 3)`,
  );
  at('2026-01-10T00:00:00Z');
  expect(await enter()).toBe(1);
  at('2026-04-10T00:00:00Z');
  await append(1);
  await drop('2026-04-10T00:00:00Z');
  expect(await enter()).toBe(0);
});

it('leaves room for others while many erasures are entered', async () => {
  const enter = [
    createLogErasures(database.knex, store),
    createLogErasures(database.knex, store),
  ] as const;
  for (let position = 1; position <= 20; position += 1)
    await database
      .knex('erasure')
      .insert({ position, actor: 'desk', report: '[]', subject: position });
  const done = await Promise.all([
    ...Array.from({ length: 40 }, (_, i) => enter[i % 2 === 0 ? 0 : 1]()),
    append(5).then((all) => all.filter(({ status }) => status === 'rejected').length),
  ]);
  expect(done.at(-1)).toBe(0);
  expect((await readLog(byKnex(other), log))?.size).toBe(25);
});
