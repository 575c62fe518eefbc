import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { signCheckpoint } from '../../src/audit/checkpointer.ts';
import { readLeaves } from '../../src/audit/leaf-reader.ts';
import { openAuditLog, type AuditLog } from '../../src/audit/open-audit-log.ts';
import { signedMemory } from '../../src/audit/signed-memory.ts';
import { hashLeaf } from '../../src/tlog/merkle.ts';
import { TreeTail } from '../../src/tlog/tree-tail.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { byKnex } from '../../src/core/statement.ts';

let database: FreshDatabase;
let dataDir: string;
const errors: unknown[] = [];
beforeEach(async () => {
  database = await freshDatabase({ migrated: true });
  dataDir = mkdtempSync(join(tmpdir(), 'sayso-test-'));
  errors.length = 0;
});
afterEach(async () => {
  await database.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

const open = (): Promise<AuditLog> =>
  openAuditLog({
    knex: database.knex,
    dataDir,
    origin: 'audit.test',
    onError: (error) => errors.push(error),
  });
const append = async ({ store }: AuditLog, count: number) => {
  await Promise.all(
    Array.from({ length: count }, () =>
      store.append({ kind: 'erasure', id: randomUUID(), actor: 'a', head: 1, sources: [] }),
    ),
  );
};
/** Whoever owns the tables makes everything fit again: all but the signature. */
const rewrite = async (log: number, change: (entries: Buffer[]) => Buffer[]): Promise<void> => {
  const { knex } = database;
  const leaves = await readLeaves(knex, log, 0, 1e6);
  const entries = change(leaves.map(({ bytes }) => bytes));
  const tree = new TreeTail();
  const tiles = entries.flatMap((bytes) => tree.append(hashLeaf(bytes)));
  await knex.transaction(async (trx) => {
    for (const table of ['audit_entry', 'audit_tile', 'audit_log'])
      await trx.raw(`alter table ${table} disable trigger user`);
    await trx('audit_entry').where('index', '>=', entries.length).delete();
    for (const [index, entry] of entries.entries())
      await trx('audit_entry')
        .where({ log, index })
        .update({ entry, hash: hashLeaf(entry) });
    await trx('audit_tile').delete();
    for (const { level, index, hashes, root } of tiles)
      await trx('audit_tile').insert({ log, level, index, hashes, root });
    await trx('audit_log').where({ id: log }).update({ size: tree.size, root: tree.root() });
    for (const table of ['audit_entry', 'audit_tile', 'audit_log'])
      await trx.raw(`alter table ${table} enable trigger user`);
  });
};
const changeFifth = (entries: Buffer[]): Buffer[] =>
  entries.map((entry, i) =>
    i === 5 ? Buffer.from(entry.toString().replace('"actor":"a"', '"actor":"b"')) : entry,
  );

it.each<[string, (entries: Buffer[]) => Buffer[]]>([
  ['an entry was changed, with every hash', changeFifth],
  ['the end was taken away, with every hash', (entries) => entries.slice(0, 200)],
  ['everything was taken away', () => []],
])('nothing is signed, and no start goes on, where %s', async (_what, change) => {
  const first = await open();
  await append(first, 300);
  await first.close();
  await rewrite(first.id, change);
  await expect(open()).rejects.toMatchObject({ code: 'AUDIT_LOG_ROLLED_BACK' });
  const memory = signedMemory(dataDir);
  await expect(
    signCheckpoint(byKnex(database.knex), first.id, [first.key.signer], memory),
  ).rejects.toMatchObject({ code: 'TLOG_HASH' });
});

it('a gateway that runs does not sign it either, and writes no more', async () => {
  const log = await open();
  await append(log, 300);
  await log.close();
  await rewrite(log.id, changeFifth);
  await expect(append(log, 1)).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
  await expect(log.check()).rejects.toMatchObject({ code: 'TLOG_HASH' });
});

it('goes on where it was, and remembers the longest that it signed', async () => {
  for (const count of [3, 300, 1]) {
    const log = await open();
    await append(log, count);
    await log.check();
    await log.close();
  }
  const memory = signedMemory(dataDir);
  expect(memory.read()?.size).toBe(304);
  const path = join(dataDir, 'audit', 'signed');
  const newest = readFileSync(path, 'utf8');
  const shorter = newest.replace('\n304\n', '\n300\n');
  await memory.write(shorter);
  expect(readFileSync(path, 'utf8')).toBe(newest);
  writeFileSync(path, 'something else');
  expect(() => memory.read()).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  expect(errors).toEqual([]);
});

it('leaves nothing behind of what it could not write', async () => {
  const log = await open();
  await append(log, 3);
  await log.close();
  const folder = join(dataDir, 'audit');
  const note = readFileSync(join(folder, 'signed'), 'utf8');
  writeFileSync(join(folder, 'signed'), 'something else');
  const before = readdirSync(folder);
  const memory = signedMemory(dataDir);
  for (let tries = 0; tries < 3; tries += 1)
    await expect(memory.write(note)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  expect(readdirSync(folder)).toEqual(before);
});
