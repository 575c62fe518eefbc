import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signCheckpoint } from '../../src/audit/checkpointer.ts';
import { readLogKey, readOldKeys } from '../../src/audit/log-key.ts';
import { readKeyRecords } from '../../src/audit/log-state.ts';
import { rotateKey, type RotateStep } from '../../src/audit/rotate-key.ts';
import { databaseSource } from '../../src/audit/verify/database-source.ts';
import { verifyLog } from '../../src/audit/verify/verify-log.ts';
import { createKey } from '../../src/tlog/note.ts';
import {
  asOwner,
  makeTilesAnew,
  operation,
  stageLog,
  told,
  verifyBoth,
  type LogStage,
} from './log-stage.ts';
import { byKnex } from '../../src/core/statement.ts';

let stage: LogStage;
beforeEach(async () => {
  stage = await stageLog(300);
});
afterEach(() => stage.close());

const rotate = async (endsAt?: RotateStep) => {
  const log = await stage.open();
  try {
    return await rotateKey({
      ...{ knex: stage.knex, dataDir: stage.dataDir, log: log.id, store: log.store, actor: 'test' },
      onStep: (step) => {
        if (step === endsAt) throw new Error('ended');
      },
    });
  } finally {
    await log.close();
  }
};
const grow = async (entries: number): Promise<void> => {
  const log = await stage.open();
  await Promise.all(Array.from({ length: entries }, () => log.store.append(operation())));
  await log.close();
};
const verify = async (...keys: readonly string[]) =>
  verifyLog(await databaseSource(stage.knex, stage.log.origin), { keys });
const keyEntries = async (): Promise<number> => {
  const { rows } = await stage.knex.raw<{ rows: unknown[] }>(
    `select 1 from audit_entry where entry like '%"kind":"key"%'::bytea`,
  );
  return rows.length;
};

it('lets who holds the first key alone follow to the newest', async () => {
  const first = await rotate();
  expect(first.before).toBe(stage.key);
  await grow(10);
  const second = await rotate();
  await grow(300);
  expect(readLogKey(stage.dataDir)?.public).toBe(second.now);
  expect(
    readOldKeys(stage.dataDir)
      .map((key) => key.public)
      .toSorted(),
  ).toEqual([first.before, second.before].toSorted());
  const report = await verify(stage.key);
  expect(report.findings.map(told)).toEqual([]);
  expect(report.signedBy).toEqual([second.now]);
  expect(report.keyChanges).toEqual([
    { index: first.index, from: first.before, to: first.now },
    { index: second.index, from: second.before, to: second.now },
  ]);
  for (const key of [first.now, second.now]) expect((await verify(key)).sound).toBe(true);
  const both = await verifyBoth(stage.knex, stage.log.origin, { keys: [stage.key] });
  expect(both.map(({ sound }) => sound)).toEqual([true, true]);
});

describe.each(['append', 'sign', 'note', 'adopt', 'resign'] as const)(
  'ended before: %s',
  (step) => {
    it('verifies by the first key, and is gone on with', async () => {
      await expect(rotate(step)).rejects.toThrow('ended');
      await grow(3);
      // From `adopt` on both have signed: what the old key alone signs after that counts no more.
      const cut = (await verify(stage.key)).findings.map(told);
      if (step === 'adopt') expect(cut).toEqual([expect.stringContaining('is to be run again')]);
      else expect(cut).toEqual([]);
      const done = await rotate();
      await grow(3);
      expect((await verify(stage.key)).findings.map(told)).toEqual([]);
      // The new key has signed for what came since: nothing is left to go on with.
      expect(await keyEntries()).toBe(step === 'resign' ? 2 : 1);
      expect(readLogKey(stage.dataDir)?.public).toBe(done.now);
    });
  },
);

it.each([false, true])('is not begun anew for its last step; signed by both: %s', async (both) => {
  await expect(rotate('resign')).rejects.toThrow('ended');
  const now = readLogKey(stage.dataDir)?.public;
  const fresh = readLogKey(stage.dataDir);
  await signCheckpoint(byKnex(stage.knex), stage.log.id, [
    stage.log.key.signer,
    ...(both && fresh ? [fresh.signer] : []),
  ]);
  expect(await rotate()).toEqual({ index: 300, before: stage.key, now });
  expect(await keyEntries()).toBe(1);
  expect(await verify(stage.key)).toMatchObject({ sound: true, signedBy: [now] });
  expect((await rotate()).before).toBe(now);
});

it('goes on with a second one that was cut short', async () => {
  const first = await rotate();
  await expect(rotate('adopt')).rejects.toThrow('ended');
  const next = await rotate();
  expect(next.before).toBe(first.now);
  expect(await keyEntries()).toBe(2);
  expect(await verify(stage.key)).toMatchObject({ sound: true, signedBy: [next.now] });
});

it('follows no key that the old one has not named', async () => {
  const { now } = await rotate();
  const stranger = createKey(stage.log.origin);
  const [record] = (await readKeyRecords(stage.knex, stage.log.id)).filter(
    ({ key }) => key === now,
  );
  const proof = record?.introduced ?? '';
  const changed = (text: string): string =>
    proof.replace(/extra (.*)/, (_all, extra: string) => {
      const bytes = Buffer.from(extra, 'base64').toString().replace(now, text);
      return `extra ${Buffer.from(bytes).toString('base64')}`;
    });
  for (const introduced of [
    changed(stranger.public),
    'nonsense',
    proof.replace(/index \d+/, 'index 1'),
  ]) {
    await asOwner(stage.knex, async (trx) => {
      await trx.raw('alter table audit_key disable trigger user');
      await trx.raw('update audit_key set introduced = ? where key = ?', [introduced, now]);
      const [direct, served] = await verifyBoth(trx, stage.log.origin, { keys: [stage.key] });
      expect(direct).toEqual(served);
      expect(direct.what[0]).toContain('how it came is not proved');
      expect(direct.what[1]).toContain('checkpoint: the note is signed by');
    });
  }
});

it('finds a log that goes on under a key that was replaced, whichever keys are given', async () => {
  const { index, now } = await rotate();
  await asOwner(stage.knex, async (trx) => {
    await signCheckpoint(byKnex(trx), stage.log.id, [stage.log.key.signer]);
    for (const keys of [[stage.key], [stage.key, now], [now, stage.key]]) {
      const both = await verifyBoth(trx, stage.log.origin, { keys });
      for (const { what } of both)
        expect(what).toEqual([
          `- checkpoint: it is signed by \`${stage.key}\` alone, which entry ${index} has replaced: a rotation was cut short and is to be run again, or somebody signs with the old key`,
        ]);
    }
  });
});

it('tells of a new key over another history', async () => {
  const { index } = await rotate();
  await grow(5);
  const now = readLogKey(stage.dataDir);
  await asOwner(stage.knex, async (trx) => {
    await trx.raw(
      'update audit_entry set entry = set_byte(entry, 20, get_byte(entry, 20) # 1) where index = 100',
    );
    await makeTilesAnew(trx, stage.log.id);
    await trx.raw('update audit_log set checkpoint = null, checkpoint_size = null');
    await signCheckpoint(byKnex(trx), stage.log.id, now ? [now.signer] : []);
    const [direct, served] = await verifyBoth(trx, stage.log.origin, { keys: [stage.key] });
    expect(direct).toEqual(served);
    expect(direct.what).toEqual([
      `- log: history was changed before entry ${index + 1}: it is not as the checkpoint by which entry ${index} changed the key has it`,
    ]);
  });
});
