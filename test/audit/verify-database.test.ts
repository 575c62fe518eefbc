import type { Knex } from 'knex';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signCheckpoint } from '../../src/audit/checkpointer.ts';
import { databaseSource } from '../../src/audit/verify/database-source.ts';
import { folderSource } from '../../src/audit/verify/folder-source.ts';
import { verifyLog, type VerifyOptions } from '../../src/audit/verify/verify-log.ts';
import { writeTiles } from '../../src/audit/write-tiles.ts';
import { createKey } from '../../src/tlog/note.ts';
import {
  asOwner,
  makeTilesAnew,
  operation,
  stageLog,
  verifyBoth,
  verifyShort,
  type LogStage,
  type Summary,
} from './log-stage.ts';
import { byKnex } from '../../src/core/statement.ts';

let stage: LogStage;
/** Checkpoint of the log when it had 300 entries. */
let early: string;
/** Tiles of the whole log. */
let kept: string;

beforeAll(async () => {
  stage = await stageLog(300);
  early = (await stage.state()).checkpoint ?? '';
  const log = await stage.open();
  await Promise.all(Array.from({ length: 700 }, () => log.store.append(operation())));
  await log.close();
  kept = (
    await writeTiles({ knex: stage.knex, log: await stage.state(), out: `${stage.folder}/kept` })
  ).folder;
});
afterAll(() => stage.close());

const options = (more: Partial<VerifyOptions> = {}): VerifyOptions => ({
  keys: [stage.key],
  ...more,
});

/** What is found directly, and over HTTP, by somebody who verifies what an owner has changed. */
const verifyChanged = async (
  change: (trx: Knex) => Promise<unknown>,
  more: Partial<VerifyOptions> = {},
): Promise<readonly Summary[]> => {
  let both: readonly Summary[] = [];
  await asOwner(stage.knex, async (trx) => {
    await change(trx);
    both = await verifyBoth(trx, stage.log.origin, options(more));
  });
  return both;
};
const firsts = (both: readonly Summary[]) => both.map(({ first }) => first);
const sayings = (both: readonly Summary[]) => both.map(({ what }) => what);

const flipBit = (index: number) => (trx: Knex) =>
  trx.raw(
    'update audit_entry set entry = set_byte(entry, 20, get_byte(entry, 20) # 1) where index = ?',
    [index],
  );
const move = (trx: Knex, from: number, to: number) =>
  trx.raw('update audit_entry set index = ? where index = ?', [to, from]);
const remove = (trx: Knex, index: number) =>
  trx.raw('delete from audit_entry where index = ?', [index]);

describe('a log as it was written', () => {
  it('is sound', async () => {
    const source = await databaseSource(stage.knex, stage.log.origin);
    const steps: number[] = [];
    const report = await verifyLog(
      source,
      options({
        known: { checkpoint: early },
        onProgress: (done, total) => steps.push(done / total),
      }),
    );
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({
      ...{ sound: true, origin: stage.log.origin, size: 1_000, entries: 1_000, gone: 0 },
      ...{ known: 300, signedBy: [stage.key], remarks: [], from: 0, to: 1_000 },
    });
    expect(steps.at(-1)).toBe(1);
    const same = await verifyChanged(() => Promise.resolve());
    expect(same).toEqual(Array(2).fill({ sound: true, first: undefined, what: [] }));
  });

  it.each([
    [0, 1],
    [255, 257],
    [300, 700],
    [990, 1_000],
    [999, 1_000],
  ])('is sound from %i to %i', async (from, to) => {
    const source = await databaseSource(stage.knex, stage.log.origin);
    const report = await verifyLog(source, options({ from, to, known: { checkpoint: early } }));
    expect(report).toMatchObject({ sound: true, entries: to - from });
  });

  it('is too short for a range behind its end', async () => {
    const source = await databaseSource(stage.knex, stage.log.origin);
    const report = await verifyLog(source, options({ from: 900, to: 1_200 }));
    expect(report).toMatchObject({ sound: false, entries: 100, first: { index: 1_000 } });
  });
});

describe('what an owner of the database changed is named by its first index', () => {
  it.each([0, 255, 256, 517, 998])('a flipped bit of entry %i', async (index) => {
    const both = await verifyChanged(flipBit(index));
    expect(firsts(both)).toEqual([index, index]);
    expect(both[1]?.what).toEqual([
      `${index} entry: it is not the one that was logged: its hash is another`,
    ]);
    expect(both[0]?.what).toContain(
      `${index} entry: its column \`hash\` is not the hash of its bytes`,
    );
    const range = await verifyChanged(flipBit(index), { from: index, to: index + 1 });
    expect(firsts(range)).toEqual([index, index]);
  });

  it.each([0, 255, 517, 999])('entry %i, which is not there any more', async (index) => {
    const both = await verifyChanged((trx) => remove(trx, index));
    expect(firsts(both)).toEqual([index, index]);
    for (const what of sayings(both)) expect(what).toContain(`${index} entry: it is missing`);
  });

  it.each([255, 517])('entry %i, with all behind it moved up', async (index) => {
    const both = await verifyChanged(async (trx) => {
      await remove(trx, index);
      for (let i = index + 1; i < 1_000; i += 1) await move(trx, i, i - 1);
    });
    expect(firsts(both)).toEqual([index, index]);
    // Of the tile that is not full the database has no hashes but those of the entries.
    const until = index === 517 ? 766 : index;
    const one = `${index} entry: it is missing: in its place stands the one of ${index + 1}`;
    for (const what of sayings(both)) {
      expect(what).toContain(until === index ? one : `${one}; so with all up to ${until}`);
      expect(what).toContain('999 entry: it is missing');
    }
  });

  it.each([255, 517])('entry %i, which was put in once more', async (index) => {
    const both = await verifyChanged(async (trx) => {
      for (let i = 999; i > index; i -= 1) await move(trx, i, i + 1);
      await trx.raw(
        `insert into audit_entry select log, index + 1, at, id, hash, entry from audit_entry
         where index = ?`,
        [index],
      );
    });
    expect(firsts(both)).toEqual([index + 1, index + 1]);
    for (const [, again] of sayings(both).map((what) =>
      what.filter((one) => one.startsWith(`${index + 1} `)),
    ))
      expect(again).toContain(`${index + 1} entry: the one of ${index} stands here once more`);
    expect(both[0]?.what).toContain(
      '1000 entry: it lies behind the end of the log, which has 1000 entries',
    );
  });

  it('an index that has two rows', async () => {
    const both = await verifyChanged((trx) =>
      trx.raw(
        `insert into audit_entry select log, index, at + interval '1 second', id, hash, entry
         from audit_entry where index = 400`,
      ),
    );
    expect(both[0]?.what).toEqual(['400 entry: it is there twice']);
  });

  it.each([
    [517, 518],
    [255, 256],
    [300, 400],
  ])('entries %i and %i, which changed places', async (a, b) => {
    const both = await verifyChanged(async (trx) => {
      await move(trx, a, 5_000);
      await move(trx, b, a);
      await move(trx, 5_000, b);
    });
    expect(firsts(both)).toEqual([a, a]);
    for (const what of sayings(both))
      expect(what[0]).toMatch(new RegExp(`^${a} entry: .* the one of ${b}$`));
  });

  it.each(['id', 'at', 'hash'])('a column `%s` that says another thing', async (column) => {
    const changed = {
      id: 'id = gen_random_uuid()',
      at: `at = at + interval '1 millisecond'`,
      hash: 'hash = sha256(hash)',
    }[column];
    const [direct] = await verifyChanged((trx) =>
      trx.raw(`update audit_entry set ${changed ?? ''} where index = 600`),
    );
    expect(direct?.first).toBe(600);
    expect(direct?.what).toEqual([expect.stringContaining(`600 entry: its column \`${column}\``)]);
  });

  it.each([
    [0, 2, 517, 5],
    [1, 0, 256, 1],
  ])('a tile of level %i', async (level, index, first, hash) => {
    const both = await verifyChanged((trx) =>
      level === 0
        ? trx.raw(
            'update audit_tile set hashes = set_byte(hashes, ?, get_byte(hashes, ?) # 4) where level = 0 and index = ?',
            [hash * 32, hash * 32, index],
          )
        : trx.raw(
            `insert into audit_tile select id, 1, 0, substring(sha256('') || sha256('x') || sha256('y'), 1, 96)
             from audit_log`,
          ),
    );
    expect(both[0]?.sound).toBe(false);
    expect(both[1]?.sound).toBe(false);
    if (level === 0) {
      expect(firsts(both)).toEqual([first, first]);
      for (const what of sayings(both))
        expect(what).toContain(`${first} tile/0/002: its hash ${hash} is not that of the entry`);
    } else {
      expect(firsts(both)).toEqual([0, 0]);
      for (const what of sayings(both)) expect(what[0]).toContain('tile/1/000.p/3: its hash 0');
    }
  });

  it('everything made anew but the signature: only what was kept elsewhere tells where', async () => {
    const change = async (trx: Knex) => {
      await flipBit(517)(trx);
      await makeTilesAnew(trx, stage.log.id);
    };
    const alone = await verifyChanged(change);
    expect(alone.map(({ sound }) => sound)).toEqual([false, false]);
    expect(alone[0]?.what.at(-1)).toContain('one from 0 to 999');
    const since = await verifyChanged(change, { known: { checkpoint: early } });
    expect(since[0]?.what.at(-1)).toContain('one from 300 to 999');
  });
});

describe('what was kept elsewhere', () => {
  const note = async () => (await stage.state()).checkpoint ?? '';

  it('tells that an older backup was restored', async () => {
    const restore = async (trx: Knex) => {
      await trx.raw('delete from audit_entry where index >= 300');
      await trx.raw('delete from audit_tile');
      await makeTilesAnew(trx, stage.log.id);
      await trx.raw('update audit_log set checkpoint = ?, checkpoint_size = 300', [early]);
    };
    const unaware = await verifyChanged(restore);
    expect(unaware).toEqual(Array(2).fill({ sound: true, first: undefined, what: [] }));
    const aware = await verifyChanged(restore, { known: { checkpoint: await note() } });
    expect(firsts(aware)).toEqual([300, 300]);
    expect(aware[0]?.what).toEqual([
      '300 log: it has 300 entries, and had 1000 when the checkpoint was kept: an older backup was restored, or its end was cut off',
    ]);
  });

  /** Somebody with the database and the key: all is sound by itself. */
  const rewrite = async (trx: Knex) => {
    await flipBit(517)(trx);
    await makeTilesAnew(trx, stage.log.id);
    await trx.raw('update audit_log set checkpoint = null, checkpoint_size = null');
    await signCheckpoint(byKnex(trx), stage.log.id, [stage.log.key.signer]);
  };

  it('tells that history was changed by somebody who has the key', async () => {
    const unaware = await verifyChanged(rewrite);
    expect(unaware.map(({ sound }) => sound)).toEqual([true, true]);
    const checkpoint = await note();
    const aware = await verifyChanged(rewrite, { known: { checkpoint } });
    for (const { what } of aware)
      expect(what).toEqual([
        '- log: history was changed before entry 1000: it is not as the checkpoint kept earlier has it',
      ]);
    const inRange = await verifyChanged(rewrite, { known: { checkpoint }, from: 900, to: 1_000 });
    expect(inRange.map(({ sound }) => sound)).toEqual([false, false]);
    const before = await verifyChanged(rewrite, { known: { checkpoint: early } });
    expect(before.map(({ sound }) => sound)).toEqual([true, true]);
  });

  it('tells where, if tiles were kept', async () => {
    const { tiles } = folderSource(kept);
    const known = { checkpoint: await note(), tiles };
    const found = await verifyChanged(rewrite, { known });
    expect(firsts(found)).toEqual([517, 517]);
  });

  it('is of no use when it is another log’s, or nobody known signed it', async () => {
    const other = createKey(stage.log.origin);
    const [foreign] = await verifyChanged(() => Promise.resolve(), {
      known: { checkpoint: early.replace(/\n[^\n]*\n$/, '\n— a.b/c AAAAAAAA\n') },
    });
    expect(foreign?.what[0]).toContain(
      'the kept checkpoint: the note is signed by `a.b/c+00000000`',
    );
    const [unsigned] = await verifyChanged(() => Promise.resolve(), { keys: [other.public] });
    expect(unsigned?.sound).toBe(false);
  });
});

it('names the foreign key and the one that was given', async () => {
  const key = createKey('other.example/1');
  const source = await databaseSource(stage.knex, stage.log.origin);
  const { what, sound } = await verifyShort(source, { keys: [key.public] });
  expect(sound).toBe(false);
  expect(what).toEqual([
    `- checkpoint: the note is signed by \`${stage.key.split('+').slice(0, 2).join('+')}\`, and known is \`${key.public.split('+').slice(0, 2).join('+')}\``,
  ]);
});
