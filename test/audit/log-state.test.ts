import { afterEach, beforeEach, expect, it } from 'vitest';
import { signCheckpoint } from '../../src/audit/checkpointer.ts';
import { databaseTiles, loadTail } from '../../src/audit/log-state.ts';
import { ensureMonths } from '../../src/audit/partitions.ts';
import { signedMemory } from '../../src/audit/signed-memory.ts';
import { byKnex } from '../../src/core/statement.ts';
import { preparedStatements } from '../../src/database/prepared-statements.ts';
import { stageLog, type LogStage } from './log-stage.ts';

let stage: LogStage;
beforeEach(async () => {
  stage = await stageLog(300);
});
afterEach(() => stage.close());

const ofOther = new Date('2021-01-02T00:00:00Z');

it.each([299, 270, 256])('nothing is built on a log that has entry %i twice', async (index) => {
  const { knex, log, dataDir } = stage;
  await ensureMonths(knex, ofOther);
  // The key of the table holds the time as well.
  await knex.raw(
    `insert into audit_entry (log, index, at, id, hash, entry)
     select log, index, ?, id, sha256('\\x0041'), '\\x41' from audit_entry where index = ?`,
    [ofOther, index],
  );
  const prepared = preparedStatements(knex);
  for (const database of [byKnex(knex), prepared]) {
    await expect(databaseTiles(database, log.id).tile(0, 1, 44)).rejects.toThrow(
      'has 45 hashes, and 44 are needed',
    );
    await expect(loadTail(database, log.id)).rejects.toMatchObject({ code: 'TLOG_TILE' });
    const signing = signCheckpoint(database, log.id, [log.key.signer], signedMemory(dataDir));
    await expect(signing).rejects.toMatchObject({ code: 'TLOG_TILE' });
  }
  prepared.close();
});

it('a tile is as wide as it is asked for, from wherever its hashes come', async () => {
  const { knex, log } = stage;
  const all = await databaseTiles(byKnex(knex), log.id).tile(0, 1, 44);
  const prepared = preparedStatements(knex);
  // As retention leaves it: the first of them beside the entries.
  for (const kept of [0, 1, 30, 44]) {
    if (kept > 0)
      await knex.raw(
        `insert into audit_tile (log, level, index, hashes) values (?, 0, 1, ?)
         on conflict (log, level, index) do update set hashes = excluded.hashes`,
        [log.id, Buffer.from(all.subarray(0, 32 * kept))],
      );
    for (const database of [byKnex(knex), prepared])
      for (const width of [0, 1, 29, 30, 31, 44])
        expect(await databaseTiles(database, log.id).tile(0, 1, width)).toEqual(
          all.subarray(0, 32 * width),
        );
  }
  prepared.close();
  await expect(databaseTiles(byKnex(knex), log.id).tile(0, 1, 45)).rejects.toMatchObject({
    code: 'TLOG_TILE',
  });
});
