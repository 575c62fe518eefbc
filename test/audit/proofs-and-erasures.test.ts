import { afterAll, beforeAll, expect, it } from 'vitest';
import { proveEntry } from '../../src/audit/prove-entry.ts';
import { databaseSource } from '../../src/audit/verify/database-source.ts';
import { verifyLog } from '../../src/audit/verify/verify-log.ts';
import { createLogErasures } from '../../src/ledger/log-erasures.ts';
import { directoryOn } from '../setup/subjects.ts';
import { eraseLink } from '../../src/ledger/subject-eraser.ts';
import { hashLeaf } from '../../src/tlog/merkle.ts';
import { verifierOf } from '../../src/tlog/note.ts';
import { verifyProofFile } from '../../src/tlog/proof-file.ts';
import { operation, stageLog, told, type LogStage } from './log-stage.ts';

let stage: LogStage;
beforeAll(async () => {
  stage = await stageLog(0);
});
afterAll(() => stage.close());

const proveAll = async (from: number, to: number) => {
  const checkpoint = (await stage.state()).checkpoint ?? '';
  const proofs = [];
  for (let index = from; index < to; index += 1)
    proofs.push(await proveEntry({ knex: stage.knex, log: stage.log.id, index, checkpoint }));
  return proofs;
};
const verifyAll = (proofs: Awaited<ReturnType<typeof proveAll>>): number => {
  for (const { proof, entry } of proofs)
    verifyProofFile(proof, hashLeaf(entry ?? Buffer.alloc(0)), [verifierOf(stage.key)]);
  return proofs.length;
};

it('proofs hold after 1,000 persons were erased, and new ones can be made', async () => {
  const { knex } = stage;
  const subjects = directoryOn(knex, 10_000);
  const log = await stage.open();
  const ids = Array.from({ length: 1_000 }, (_, i) => `person-${i}`);
  const numbers: number[] = [];
  await knex.transaction(async (trx) => {
    for (const id of ids) numbers.push((await subjects.assignWithin(trx, 'Customer', id)) ?? -1);
  });
  await Promise.all(
    numbers.map((number) => log.store.append(operation({ sets: [String(number)] }))),
  );
  await log.close();
  const proofs = await proveAll(0, 1_000);
  expect(verifyAll(proofs)).toBe(1_000);
  const kept = (await stage.state()).checkpoint ?? '';

  const again = await stage.open();
  for (const id of ids)
    await eraseLink(
      knex,
      subjects,
      { type: 'Customer', id },
      {
        ...{ actor: 'test', report: [], rowsRemain: false },
      },
    );
  expect(await createLogErasures(knex, again.store)()).toBe(1_000);
  await again.close();
  expect((await knex('subject')).length).toBe(0);

  expect(verifyAll(proofs)).toBe(1_000);
  const after = await proveAll(0, 2_000);
  expect(verifyAll(after)).toBe(2_000);
  expect(after.slice(0, 1_000).map(({ entry }) => entry)).toEqual(proofs.map(({ entry }) => entry));
  const report = await verifyLog(await databaseSource(knex, stage.log.origin), {
    ...{ keys: [stage.key], known: { checkpoint: kept } },
  });
  expect(report.findings.map(told)).toEqual([]);
  expect(report).toMatchObject({ sound: true, size: 2_000, known: 1_000 });
}, 120_000);
