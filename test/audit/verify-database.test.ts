import type { Knex } from 'knex';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databaseSource } from '../../src/audit/verify/database-source.ts';
import { verifyLog } from '../../src/audit/verify/verify-log.ts';
import { createKey } from '../../src/tlog/note.ts';
import { asOwner, stageLog, verifyBoth, type LogStage, type Summary } from './log-stage.ts';

let stage: LogStage;
beforeAll(async () => {
  stage = await stageLog(1_000);
});
afterAll(() => stage.close());

const verifyChanged = async (change: (trx: Knex) => Promise<unknown>) => {
  let both: readonly Summary[] = [];
  await asOwner(stage.knex, async (trx) => {
    await change(trx);
    both = await verifyBoth(trx, stage.log.origin, { keys: [stage.key] });
  });
  return both;
};
const flip = (index: number) => (trx: Knex) =>
  trx.raw(
    'update audit_entry set entry = set_byte(entry, 20, get_byte(entry, 20) # 1) where index = ?',
    [index],
  );
const move = (trx: Knex, from: number, to: number) =>
  trx.raw('update audit_entry set index = ? where index = ?', [to, from]);

it('finds nothing wrong with a log as it was written', async () => {
  const report = await verifyLog(await databaseSource(stage.knex, stage.log.origin), {
    keys: [stage.key],
  });
  expect(report.findings).toEqual([]);
  expect(report).toMatchObject({
    sound: true,
    size: 1_000,
    entries: 1_000,
    gone: 0,
    signedBy: [stage.key],
    remarks: [],
  });
  expect(await verifyChanged(() => Promise.resolve())).toEqual([
    { sound: true, first: undefined, what: [] },
    { sound: true, first: undefined, what: [] },
  ]);
});

describe('names the first bad index', () => {
  it.each([517, 998])('of a flipped bit in entry %i', async (index) => {
    const [direct, served] = await verifyChanged(flip(index));
    console.log(direct, served);
    expect([direct?.first, served?.first]).toEqual([index, index < 768 ? index : undefined]);
  });
  it.each([517, 999])('of entry %i that was deleted', async (index) => {
    const [direct, served] = await verifyChanged((trx) =>
      trx.raw('delete from audit_entry where index = ?', [index]),
    );
    console.log(direct, served);
    expect([direct?.first, served?.first]).toEqual([index, index]);
  });
  it('of one that was deleted, with all behind it moved up', async () => {
    const both = await verifyChanged(async (trx) => {
      await trx.raw('delete from audit_entry where index = 517');
      for (let i = 518; i < 1000; i += 1) await move(trx, i, i - 1);
    });
    console.log(both);
    expect(both.map(({ first }) => first)).toEqual([517, 517]);
  });
  it('of two that changed places', async () => {
    const both = await verifyChanged(async (trx) => {
      await move(trx, 517, 5_000);
      await move(trx, 518, 517);
      await move(trx, 5_000, 518);
    });
    console.log(both);
    expect(both.map(({ first }) => first)).toEqual([517, 517]);
  });
  it('of one that was written over by another', async () => {
    const both = await verifyChanged((trx) =>
      trx.raw(
        'update audit_entry set (entry, hash, id) = (select entry, hash, id from audit_entry where index = 516) where index = 517',
      ),
    );
    console.log(both);
    expect(both.map(({ first }) => first)).toEqual([517, 517]);
  });
});
it('foreign', async () => {
  const [a] = await verifyBoth(stage.knex, stage.log.origin, {
    keys: [createKey('x.local/1').public],
  });
  console.log(a);
});
