import { cpSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keepWitnessed } from '../../src/audit/keep-witnessed.ts';
import { readLogKey } from '../../src/audit/log-key.ts';
import { rotateKey } from '../../src/audit/rotate-key.ts';
import { databaseSource } from '../../src/audit/verify/database-source.ts';
import { folderSource } from '../../src/audit/verify/folder-source.ts';
import type { LogSource } from '../../src/audit/verify/log-source.ts';
import { verifyLog } from '../../src/audit/verify/verify-log.ts';
import { writeTiles } from '../../src/audit/write-tiles.ts';
import { parseNote } from '../../src/tlog/note.ts';
import { witnessKey } from '../tlog/keys.ts';
import { operation, stageLog, told, verifyShort, type LogStage } from './log-stage.ts';

const sound = { sound: true, first: undefined, what: [] };
const witness = witnessKey('w.example');
let stage: LogStage;
/** One log at three times: it was witnessed meanwhile, and then got another key. */
let early: string;
let grown: string;
let rotated: string;

const grow = async (entries: number): Promise<void> => {
  const log = await stage.open();
  await Promise.all(Array.from({ length: entries }, () => log.store.append(operation())));
  await log.close();
};
const bringUp = async (out: string): Promise<string> => {
  const log = await stage.state();
  return (await writeTiles({ knex: stage.knex, log, out: `${stage.folder}/${out}` })).folder;
};
const rotate = async (): Promise<void> => {
  const log = await stage.open();
  await rotateKey({
    ...{ knex: stage.knex, dataDir: stage.dataDir, log: log.id, store: log.store, actor: 'test' },
  });
  await log.close();
};

beforeAll(async () => {
  stage = await stageLog(300);
  early = await bringUp('early');
  cpSync(`${stage.folder}/early`, `${stage.folder}/grown`, { recursive: true });
  await grow(50);
  const note = (await stage.state()).checkpoint ?? '';
  await keepWitnessed(stage.knex, stage.log.id, note, [
    witness.cosigner.cosign(parseNote(note).text, 1_795_456_821),
  ]);
  grown = await bringUp('grown');
  cpSync(`${stage.folder}/grown`, `${stage.folder}/rotated`, { recursive: true });
  await rotate();
  rotated = await bringUp('rotated');
});
afterAll(() => stage.close());

/** What is asked first is answered as it was before, what is asked then as it is now. */
const between = (before: string, now: string): LogSource => {
  const asked = [folderSource(before), folderSource(now)];
  const next = (): LogSource => asked.shift() ?? folderSource(now);
  return {
    ...folderSource(now),
    checkpoint: () => next().checkpoint(),
    info: () => next().info(),
  };
};

it('is sound when the log grows, is witnessed or gets another key while it is read', async () => {
  const keys = [stage.key];
  expect(await verifyShort(between(early, grown), { keys })).toEqual(sound);
  expect(await verifyShort(between(grown, rotated), { keys })).toEqual(sound);
  expect(await verifyShort(between(early, rotated), { keys })).toEqual(sound);
});

it('is sound in a folder that has its new `log.json`, and its checkpoint not yet', async () => {
  for (const [before, now] of [
    [early, grown],
    [grown, rotated],
  ] as const) {
    const to = `${stage.folder}/under-update`;
    cpSync(now, to, { recursive: true });
    cpSync(`${before}/checkpoint`, `${to}/checkpoint`);
    expect(readFileSync(`${to}/checkpoint`)).not.toEqual(readFileSync(`${now}/checkpoint`));
    expect(await verifyShort(folderSource(to), { keys: [stage.key] })).toEqual(sound);
  }
});

it('tells how far a witness is behind, and finds it too far behind if asked to', async () => {
  const more = { keys: [stage.key], witnesses: [witness.public] };
  const verify = (from: string, witnessWithin?: number) =>
    verifyLog(folderSource(from), { ...more, witnessWithin });
  const { remarks, witnesses } = await verify(rotated);
  expect(remarks).toEqual(['witness `w.example` has not seen the newest 1 entries']);
  expect(witnesses).toMatchObject([{ name: 'w.example', size: 350, behind: 1 }]);
  expect(await verify(rotated, 1)).toMatchObject({ sound: true });
  expect((await verify(rotated, 0)).findings.map(told)).toEqual([
    '350 witness `w.example`: it has not seen the newest 1 entries, and at most 0 may be unseen',
  ]);
  expect(await verify(grown, 0)).toMatchObject({ sound: true, remarks: [] });
});

it('has of the database what belongs together, whatever is done to it then', async () => {
  const source = await databaseSource(stage.knex, stage.log.origin);
  const before = readLogKey(stage.dataDir)?.public;
  await rotate();
  expect(readLogKey(stage.dataDir)?.public).not.toBe(before);
  expect(await verifyShort(source, { keys: [stage.key] })).toEqual(sound);
});

it('writes no key into a folder that came after its checkpoint', async () => {
  const log = await stage.state();
  await rotate();
  const { folder } = await writeTiles({ knex: stage.knex, log, out: `${stage.folder}/late` });
  expect(await verifyShort(folderSource(folder), { keys: [stage.key] })).toEqual(sound);
});
