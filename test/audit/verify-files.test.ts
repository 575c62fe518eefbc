import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toFound } from '../../src/audit/audit-reader.ts';
import { signCheckpoint } from '../../src/audit/checkpointer.ts';
import { readLeaves } from '../../src/audit/leaf-reader.ts';
import { exportSource } from '../../src/audit/verify/export-source.ts';
import { folderSource } from '../../src/audit/verify/folder-source.ts';
import { originsOver } from '../../src/audit/verify/http-source.ts';
import type { VerifyOptions } from '../../src/audit/verify/verify-log.ts';
import { writeTiles } from '../../src/audit/write-tiles.ts';
import { jsonLine } from '../../src/cli/audit/entry-lines.ts';
import { decodeBundle, encodeBundle } from '../../src/tlog/entry-bundle.ts';
import {
  asOwner,
  makeTilesAnew,
  operation,
  serveLogs,
  stageLog,
  verifyShort,
  type LogStage,
} from './log-stage.ts';
import { byKnex } from '../../src/core/statement.ts';

let stage: LogStage;
let folder: string;
const write = async (out = stage.folder) =>
  writeTiles({ knex: stage.knex, log: await stage.state(), out });
beforeAll(async () => {
  stage = await stageLog(1_000);
  ({ folder } = await write());
});
afterAll(() => stage.close());

const sound = { sound: true, first: undefined, what: [] };
let copies = 0;
const copy = (): string => {
  const to = join(stage.folder, `copy-${(copies += 1)}`);
  cpSync(folder, to, { recursive: true });
  return to;
};
const verify = (from: string, more: Partial<VerifyOptions> = {}) =>
  verifyShort(folderSource(from), { keys: [stage.key], ...more });

describe('a folder of tiles', () => {
  it('is sound as it was written, whole and in part', async () => {
    expect(await verify(folder)).toEqual(sound);
    expect(await verify(folder, { from: 300, to: 900 })).toEqual(sound);
  });

  /** Bundle 2 of entries 512 to 767, and bundle 3 of entries 768 to 999. */
  const changed = (nr: 2 | 3, change: (entries: Buffer[]) => readonly Buffer[]): string => {
    const to = copy();
    const file = `${to}/tile/entries/00${nr}${nr === 3 ? '.p/232' : ''}`;
    writeFileSync(
      file,
      encodeBundle(change([...decodeBundle(readFileSync(file), nr === 3 ? 232 : 256)])),
    );
    return to;
  };
  it.each([
    [2, 517],
    [3, 773],
  ] as const)('names the first bad index in bundle %i', async (nr, first) => {
    const moved = nr === 3 ? 998 : 766;
    const deleted = await verify(changed(nr, (all) => all.toSpliced(5, 1)));
    expect(deleted.first).toBe(first);
    expect(deleted.what).toContain(
      `${first} entry: it is missing: in its place stands the one of ${first + 1}; so with all up to ${moved}`,
    );
    const doubled = await verify(
      changed(nr, (all) => all.toSpliced(5, 0, all[4] ?? Buffer.alloc(0)).slice(0, -1)),
    );
    expect(doubled.first).toBe(first);
    expect(doubled.what).toContainEqual(
      expect.stringContaining(`${first} entry: the one of ${first - 1} stands here once more`),
    );
    const swapped = await verify(
      changed(nr, (all) =>
        all.toSpliced(5, 2, all[6] ?? Buffer.alloc(0), all[5] ?? Buffer.alloc(0)),
      ),
    );
    expect(swapped.what).toEqual([
      `${first} entry: it is not the one that was logged: it is the one of ${first + 1}`,
      `${first + 1} entry: it is not the one that was logged: it is the one of ${first}`,
    ]);
  });

  it.each([
    ['tile/entries/002', 20_000, (at: number) => at > 512 && at < 768],
    ['tile/entries/002', 0, (at: number) => at === 512],
    ['tile/0/001', 100, (at: number) => at === 256 + 3],
    ['tile/0/003.p/232', 231 * 32, (at: number) => at === 999],
    ['tile/1/000.p/3', 64, (at: number) => at === 512],
  ] as const)('names what is cut off: %s to %i bytes', async (file, bytes, isFirst) => {
    const to = copy();
    writeFileSync(`${to}/${file}`, readFileSync(`${to}/${file}`).subarray(0, bytes));
    const found = await verify(to);
    expect(found.sound).toBe(false);
    expect(isFirst(found.first ?? -1), JSON.stringify(found)).toBe(true);
  });

  it.each(['tile/entries/001', 'tile/0/001'])('names what is not there: %s', async (file) => {
    const to = copy();
    rmSync(`${to}/${file}`);
    const found = await verify(to);
    expect(found).toMatchObject({ sound: false, first: 256 });
  });
});

it('reads nothing that is no file', async () => {
  const to = copy();
  rmSync(join(to, 'checkpoint'));
  mkdirSync(join(to, 'checkpoint'));
  await expect(verify(to)).rejects.toMatchObject({
    ...{ code: 'AUDIT_UNREADABLE', message: '`checkpoint` of the folder is no file' },
  });
});

describe('writing tiles', () => {
  it('writes only what is new, and ends as if it had been written at once', async () => {
    const own = await stageLog(700);
    const log = async () => own.state();
    const out = `${own.folder}/tiles`;
    const first = await writeTiles({ knex: own.knex, log: await log(), out });
    expect(first).toMatchObject({ before: 0, size: 700, files: 9 });
    expect(await writeTiles({ knex: own.knex, log: await log(), out })).toMatchObject({ files: 2 });
    const writer = await own.open();
    await Promise.all(Array.from({ length: 100 }, () => writer.store.append(operation())));
    await writer.close();
    // Cut short: what was written is left, and gone on with.
    rmSync(join(first.folder, 'tile/0/002.p'), { recursive: true });
    const second = await writeTiles({ knex: own.knex, log: await log(), out });
    expect(second).toMatchObject({ before: 700, size: 800 });
    expect(await verifyShort(folderSource(second.folder), { keys: [own.key] })).toEqual(sound);
    const fresh = await writeTiles({ knex: own.knex, log: await log(), out: `${own.folder}/new` });
    const list = (at: string) => readdirSync(at, { recursive: true, encoding: 'utf8' }).toSorted();
    expect(list(second.folder).filter((name) => !name.includes('tile/1/'))).toEqual(
      list(fresh.folder).filter((name) => !name.includes('tile/1/')),
    );
    expect(existsSync(join(second.folder, 'tile/entries/002.p'))).toBe(false);
    await own.close();
  });

  it('refuses a folder that is longer, of another history, or of another log', async () => {
    const to = `${stage.folder}/other`;
    await write(to);
    const changes = [
      [
        'delete from audit_entry where index >= 900',
        'the folder holds 1000 entries, and the log 900',
      ],
      [
        'update audit_entry set entry = set_byte(entry, 20, 65) where index = 10',
        'the log is not a continuation of the folder',
      ],
    ] as const;
    for (const [change, says] of changes) {
      await asOwner(stage.knex, async (trx) => {
        await trx.raw(change);
        await makeTilesAnew(trx, stage.log.id);
        await trx.raw('update audit_log set checkpoint = null, checkpoint_size = null');
        await signCheckpoint(byKnex(trx), stage.log.id, [stage.log.key.signer]);
        const log = await stage.state(trx);
        await expect(writeTiles({ knex: trx, log, out: to })).rejects.toThrow(says);
      });
    }
    const other = await stageLog(10);
    cpSync(folder, `${to}/${other.log.origin}`, { recursive: true });
    await expect(
      writeTiles({ knex: other.knex, log: await other.state(), out: to }),
    ).rejects.toThrow('the folder holds');
    await other.close();
  });

  it('writes no checkpoint over a log that was changed', async () => {
    await asOwner(stage.knex, async (trx) => {
      await trx.raw(
        'update audit_tile set hashes = set_byte(hashes, 5, 1 + get_byte(hashes, 5) % 2)',
      );
      const log = await stage.state(trx);
      await expect(writeTiles({ knex: trx, log, out: `${stage.folder}/changed` })).rejects.toThrow(
        'run `sayso audit verify`',
      );
    });
    expect(existsSync(`${stage.folder}/changed/${stage.log.origin}/checkpoint`)).toBe(false);
  });
});

describe('an export', () => {
  const exported = async (change: (lines: string[]) => readonly string[] = (all) => all) => {
    const leaves = await readLeaves(stage.knex, stage.log.id, 0, 1_000);
    const lines = leaves.map((leaf) => jsonLine(toFound(leaf, stage.log.origin)));
    const file = join(stage.folder, `export-${(copies += 1)}.ndjson`);
    writeFileSync(file, change(lines.map((line) => line.trimEnd())).join('\n'));
    const kept = folderSource(folder);
    return {
      alone: exportSource({
        ...{ file, origin: stage.log.origin },
        beside: {
          checkpoint: () => kept.checkpoint(),
          info: () => Promise.resolve({ minimumIndex: 0, keys: [] }),
        },
      }),
      beside: exportSource({ file, origin: stage.log.origin, beside: kept }),
    };
  };
  const keys = () => ({ keys: [stage.key] });

  it('is sound with a checkpoint, and a part of one with tiles', async () => {
    expect(await verifyShort((await exported()).alone, keys())).toEqual(sound);
    expect(await verifyShort((await exported()).beside, keys())).toEqual(sound);
    const part = await exported((all) => all.slice(300, 600));
    expect(await verifyShort(part.beside, { ...keys(), from: 300, to: 600 })).toEqual(sound);
    await expect(
      verifyShort((await exported()).alone, { ...keys(), from: 300, to: 600 }),
    ).rejects.toMatchObject({ code: 'AUDIT_TILES_MISSING' });
  });

  it.each([
    ['a line that is missing', (all: string[]) => all.toSpliced(517, 1), 517],
    [
      'two lines in the wrong order',
      (all: string[]) => all.toSpliced(517, 2, all[518] ?? '', all[517] ?? ''),
      517,
    ],
    [
      'a line that stands there twice',
      (all: string[]) => all.toSpliced(517, 0, all[516] ?? ''),
      516,
    ],
    ['a line cut short', (all: string[]) => all.with(517, (all[517] ?? '').slice(0, 90)), 517],
  ])('names %s', async (_name, change, first) => {
    for (const kind of ['alone', 'beside'] as const) {
      const found = await verifyShort((await exported(change))[kind], keys());
      expect(found).toMatchObject({ sound: false, first });
    }
  });

  it('names lines behind the end of the log', async () => {
    const more = (all: string[]) => [
      ...all,
      (all[999] ?? '').replace('"index":999', '"index":1000'),
      'x',
    ];
    expect((await verifyShort((await exported(more)).beside, keys())).what).toEqual([
      '- line 1002: it is no JSON',
      '1000 line 1001: 1 entries from it on lie behind the end of the log, which has 1000',
    ]);
  });

  it('names an entry that was changed if there are tiles, and else that one was', async () => {
    const change = (all: string[]) =>
      all.with(517, (all[517] ?? '').replace('ANSWERED', 'REFUSED'));
    expect(await verifyShort((await exported(change)).beside, keys())).toMatchObject({
      first: 517,
    });
    const alone = await verifyShort((await exported(change)).alone, keys());
    expect(alone.what).toEqual([
      expect.stringContaining('the entries do not make the root that was signed for 1000'),
    ]);
  });
});

describe('the logs of a gateway', () => {
  it('are told by it, and by a server of files they are not', async () => {
    const gateway = await serveLogs(stage.knex);
    expect(await originsOver({ url: `${gateway.url}/audit` })).toEqual([stage.log.origin]);
    expect(await originsOver({ url: `${gateway.url}/files` })).toBeUndefined();
    await gateway.close();
    expect(await originsOver({ url: `${gateway.url}/audit` })).toBeUndefined();
  });
});
