import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isEntryOf } from '../../src/audit/verify/check-entry.ts';
import { databaseSource } from '../../src/audit/verify/database-source.ts';
import { readFrom } from '../../src/audit/verify/folder-source.ts';
import { staticSource } from '../../src/audit/verify/static-source.ts';
import { verifyLog } from '../../src/audit/verify/verify-log.ts';
import { writeTiles } from '../../src/audit/write-tiles.ts';
import { tilePath } from '../../src/tlog/tile-path.ts';
import { stageLog, type LogStage } from './log-stage.ts';

let stage: LogStage;
let folder: string;
beforeAll(async () => {
  stage = await stageLog(1_000);
  folder = (await writeTiles({ knex: stage.knex, log: await stage.state(), out: stage.folder }))
    .folder;
});
afterAll(() => stage.close());

const readAll = async () => {
  const source = await databaseSource(stage.knex, stage.log.origin);
  const all: { readonly bytes: Buffer; readonly hash: Buffer }[] = [];
  for (let bundle = 0; bundle < 4; bundle += 1) {
    const width = Math.min(256, 1_000 - bundle * 256);
    const { entries } = await source.bundle(bundle, width);
    const tile = Buffer.from((await source.tiles?.tile(0, bundle, width)) ?? []);
    for (const [i, bytes] of entries.entries())
      if (bytes) all.push({ bytes, hash: tile.subarray(i * 32, i * 32 + 32) });
  }
  return all;
};

it('detects each single bit of each of 1,000 entries, turned', async () => {
  const all = await readAll();
  expect(all).toHaveLength(1_000);
  let bits = 0;
  const missed: string[] = [];
  for (const [index, { bytes, hash }] of all.entries()) {
    // Not vacuous: as it is it passes, and again when the bit is turned back.
    expect(isEntryOf(bytes, hash)).toBe(true);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const at = bit >> 3;
      const mask = 1 << (bit & 7);
      bytes.writeUInt8(bytes.readUInt8(at) ^ mask, at);
      if (isEntryOf(bytes, hash)) missed.push(`${index}:${bit}`);
      bytes.writeUInt8(bytes.readUInt8(at) ^ mask, at);
      bits += 1;
    }
    expect(isEntryOf(bytes, hash)).toBe(true);
  }
  process.stderr.write(`${bits} bits of 1,000 entries turned, ${missed.length} missed\n`);
  expect(missed).toEqual([]);
  expect(bits).toBeGreaterThan(1_000_000);
}, 180_000);

/** Files of the log, and what they mean. */
const files = [
  'checkpoint',
  ...[0, 1, 2].flatMap((index) => [tilePath('entries', index), tilePath(0, index)]),
  tilePath('entries', 3, 232),
  tilePath(0, 3, 232),
  tilePath(1, 0, 3),
];

/** The place of the entry that a byte of a bundle belongs to. */
const placeIn = (bytes: Buffer, at: number, base: number): number => {
  let index = base;
  for (let next = 0; ; index += 1) {
    next += 2 + bytes.readUInt16BE(next);
    if (at < next) return index;
  }
};

const firstOf = (file: string, bytes: Buffer, at: number): number | undefined => {
  const [, level, tile] = /^tile\/(\w+)\/(\d+)/.exec(file) ?? [];
  const base = Number(tile) * 256;
  if (level === undefined) return undefined;
  if (level === 'entries') return placeIn(bytes, at, base);
  return level === '0' ? base + Math.floor(at / 32) : Math.floor(at / 32) * 256;
};

it('detects each of 300 bits turned somewhere in the files of a log, and names the first index', async () => {
  const read = readFrom(folder);
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  const whole = async (file?: string, changed?: Buffer) =>
    verifyLog(
      staticSource('files', (path, most) =>
        path === file ? Promise.resolve(changed) : read(path, most),
      ),
      { keys: [stage.key] },
    );
  expect((await whole()).findings).toEqual([]);
  const wrong: unknown[] = [];
  for (let nr = 0; nr < 300; nr += 1) {
    const file = files[nr % files.length] ?? '';
    const bytes = readFileSync(`${folder}/${file}`);
    const at = random(bytes.length);
    const bit = random(8);
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(at) ^ (1 << bit), at);
    const { sound, first, findings } = await whole(file, changed);
    if (sound || first?.index !== firstOf(file, bytes, at)) wrong.push({ file, at, bit, findings });
  }
  expect(wrong).toEqual([]);
}, 180_000);
