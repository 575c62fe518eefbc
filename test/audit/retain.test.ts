import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuditStore } from '../../src/audit/audit-store.ts';
import { signCheckpoint } from '../../src/audit/checkpointer.ts';
import { ensureMonths } from '../../src/audit/partitions.ts';
import { proveEntry } from '../../src/audit/prove-entry.ts';
import { dropOldMonths } from '../../src/audit/retain.ts';
import { databaseSource } from '../../src/audit/verify/database-source.ts';
import { folderSource } from '../../src/audit/verify/folder-source.ts';
import { verifyLog } from '../../src/audit/verify/verify-log.ts';
import { writeTiles } from '../../src/audit/write-tiles.ts';
import { hashLeaf } from '../../src/tlog/merkle.ts';
import { verifierOf } from '../../src/tlog/note.ts';
import { verifyProofFile } from '../../src/tlog/proof-file.ts';
import {
  asOwner,
  operation,
  serveLogs,
  stageLog,
  told,
  verifyBoth,
  type LogStage,
} from './log-stage.ts';
import { vi } from 'vitest';
import { byKnex } from '../../src/core/statement.ts';

/** Entries of three months: 600 in January, 100 in February, the rest in March. */
const january = new Date('2026-01-15T12:00:00Z');
const february = new Date('2026-02-15T12:00:00Z');
const march = new Date('2026-03-15T12:00:00Z');

let stage: LogStage;
let before: string;
const append = async (at: Date, count: number): Promise<void> => {
  await ensureMonths(stage.knex, at);
  vi.useFakeTimers({ now: at, toFake: ['Date'] });
  try {
    const store = createAuditStore({
      ...{ knex: stage.knex, log: stage.log.id, origin: stage.log.origin },
    });
    await Promise.all(Array.from({ length: count }, () => store.append(operation())));
  } finally {
    vi.useRealTimers();
  }
};
const sign = () => signCheckpoint(byKnex(stage.knex), stage.log.id, [stage.log.key.signer]);
const tables = async (): Promise<readonly string[]> => {
  const { rows } = await stage.knex.raw<{ rows: { name: string }[] }>(
    `select relname as name from pg_class where relname ~ '^audit_(entry|search|subject)_2026_0[123]$' order by 1`,
  );
  return rows.map(({ name }) => name);
};
const drop = (now: Date) =>
  dropOldMonths({
    ...{ knex: stage.knex, months: 1, now },
  });
const indexes = async (): Promise<readonly [number, number]> => {
  const { rows } = await stage.knex.raw<{ rows: { least: number; count: number }[] }>(
    'select min(index)::float8 as least, count(*)::float8 as count from audit_entry',
  );
  return [rows[0]?.least ?? -1, rows[0]?.count ?? -1];
};

beforeAll(async () => {
  stage = await stageLog(0);
  await append(january, 600);
  await append(february, 100);
  before = await sign();
});
afterAll(() => stage.close());

describe('retention', () => {
  it('drops nothing that is not old enough', async () => {
    expect(await drop(february)).toBeUndefined();
    expect(await indexes()).toEqual([0, 700]);
  });

  it('drops a month with what it was found by, says so first, and keeps the hashes', async () => {
    // The tile that is not full, 512 to 699, loses entries up to 599.
    expect(await drop(march)).toEqual(new Date('2026-02-01T00:00:00Z'));
    expect(await tables()).toEqual([
      ...['audit_entry_2026_02', 'audit_entry_2026_03'],
      ...['audit_search_2026_02', 'audit_search_2026_03'],
    ]);
    expect(await indexes()).toEqual([600, 101]);
    expect((await stage.state()).minimumIndex).toBe(600);
    const { rows } = await stage.knex.raw<{ rows: { index: number; width: number }[] }>(
      'select index::float8, length(hashes) / 32 as width from audit_tile where level = 0 order by index',
    );
    expect(rows).toEqual([
      { index: 0, width: 256 },
      { index: 1, width: 256 },
      { index: 2, width: 88 },
    ]);
  });

  it('lets the writer go on, and all be verified', async () => {
    const log = await stage.open();
    await Promise.all(Array.from({ length: 400 }, () => log.store.append(operation())));
    await log.close();
    for (const known of [undefined, { checkpoint: before }]) {
      const report = await verifyLog(await databaseSource(stage.knex, stage.log.origin), {
        keys: [stage.key],
        known,
      });
      expect(report.findings.map(told)).toEqual([]);
      expect(report).toMatchObject({ sound: true, size: 1_101, entries: 501, gone: 600 });
      expect(report.remarks[0]).toBe(
        '600 entries are gone, as entry 700 says; their hashes were checked',
      );
    }
    const both = await verifyBoth(stage.knex, stage.log.origin, { keys: [stage.key] });
    expect(both.map(({ what }) => what)).toEqual([[], []]);
  });

  it('lets what remains be proved, and what is gone by its hash', async () => {
    const checkpoint = (await stage.state()).checkpoint ?? '';
    for (const index of [0, 599, 600, 700, 1_100]) {
      const { proof, entry } = await proveEntry({
        ...{ knex: stage.knex, log: stage.log.id, index, checkpoint },
      });
      expect(entry !== undefined).toBe(index >= 600);
      if (entry) verifyProofFile(proof, hashLeaf(entry), [verifierOf(stage.key)]);
    }
  });

  it('writes tiles of what remains', async () => {
    const { folder } = await writeTiles({
      ...{ knex: stage.knex, log: await stage.state(), out: stage.folder },
    });
    const report = await verifyLog(folderSource(folder), { keys: [stage.key] });
    expect(report).toMatchObject({ sound: true, entries: 501, gone: 600 });
  });

  it('serves no bundle below the minimum, and every hash', async () => {
    const { url, close } = await serveLogs(stage.knex);
    const status = async (path: string) =>
      (await fetch(`${url}/audit/${stage.log.origin}/${path}`)).status;
    expect(await status('tile/entries/000')).toBe(404);
    expect(await status('tile/entries/001')).toBe(404);
    expect(await status('tile/entries/002')).toBe(200);
    expect(await status('tile/entries/003')).toBe(200);
    expect(await status('tile/0/000')).toBe(200);
    await close();
  });

  it('is looked for behind a part of which entries are gone, up to the end', async () => {
    const verify = async (from: number, to: number, knex = stage.knex) =>
      verifyLog(await databaseSource(knex, stage.log.origin), { keys: [stage.key], from, to });
    for (const to of [300, 600, 650]) {
      const { findings, remarks, gone } = await verify(0, to);
      expect(findings.map(told)).toEqual([]);
      expect(remarks[0]).toContain('are gone, as entry 700 says');
      expect(gone).toBe(Math.min(to, 600));
    }
    await asOwner(stage.knex, async (trx) => {
      await trx.raw('update audit_log set minimum_index = 768');
      await trx.raw('delete from audit_entry where index between 600 and 610');
      for (const [from, to] of [
        [590, 650],
        [600, 605],
      ] as const)
        expect((await verify(from, to, trx)).findings.map(told)).toEqual([
          `600 entry: it and others up to ${Math.min(to, 611) - 1} are gone, and no entry says that retention took them`,
        ]);
      expect((await verify(611, 700, trx)).sound).toBe(true);
    });
    await asOwner(stage.knex, async (trx) => {
      // Another entry of retention, which nobody has logged.
      await trx.raw('update audit_log set minimum_index = 768');
      await trx.raw('delete from audit_entry where index between 600 and 610');
      await trx.raw(
        `update audit_entry set entry = convert_to(replace(convert_from(entry, 'utf8'), ',600]', ',611]'), 'utf8')
         where index = 700`,
      );
      expect((await verify(590, 650, trx)).findings[0]?.index).toBe(590);
    });
  });

  it('does not hide what is missing behind the minimum, or whose hash is gone', async () => {
    await stage.knex.raw('alter table audit_entry disable trigger user');
    await stage.knex.raw('delete from audit_entry where index = 800');
    const both = await verifyBoth(stage.knex, stage.log.origin, { keys: [stage.key] });
    for (const { what } of both) expect(what).toEqual(['800 entry: it is missing']);
  });

  it('is no excuse for whoever removes more than the log says', async () => {
    const { knex } = stage;
    await knex.raw('alter table audit_entry disable trigger user');
    await knex('audit_entry').whereBetween('index', [600, 610]).delete();
    await knex.raw('update audit_log set minimum_index = 768');
    const verify = async (goneBefore?: number) =>
      verifyLog(await databaseSource(knex, stage.log.origin), { keys: [stage.key], goneBefore });
    expect((await verify()).findings.map(told)).toContain(
      '600 entry: it and others up to 610 are gone, and no entry says that retention took them',
    );
    expect((await verify(611)).findings.map(told)).toEqual(['800 entry: it is missing']);
  });
});
