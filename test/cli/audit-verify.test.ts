import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAuditLog } from '../../src/audit/open-audit-log.ts';
import { createCosignerKey, cosignerOf } from '../../src/tlog/cosignature.ts';
import { createKey } from '../../src/tlog/note.ts';
import { appendSignatures, parseNote } from '../../src/tlog/note.ts';
import { operation, serveLogs, stageLog, type LogStage } from '../audit/log-stage.ts';
import { urlOf } from '../setup/gateway.ts';

const program = fileURLToPath(new URL('../../bin/sayso.js', import.meta.url));
let stage: LogStage;
let env: Readonly<Record<string, string | undefined>>;

beforeAll(async () => {
  stage = await stageLog(600);
  writeFileSync(
    join(stage.folder, 'sayso.json'),
    JSON.stringify({
      demo: true,
      audit: { origin: 'test.local' },
      sources: { shop: { postgres: 'postgres://nobody@127.0.0.1:1/nothing' } },
    }),
  );
  env = {
    PATH: process.env['PATH'],
    SAYSO_CONFIG: join(stage.folder, 'sayso.json'),
    SAYSO_DATA: stage.dataDir,
    DATABASE_URL: urlOf(stage.database.connection),
  };
  writeFileSync(file('auditor.vkey'), `${stage.key}\n`);
});
afterAll(() => stage.close());

const file = (name: string): string => join(stage.folder, name);

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Somewhere else, where there is neither data folder nor database. */
const elsewhere = () => ({
  PATH: process.env['PATH'],
  SAYSO_DATA: file('nowhere'),
  DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
});

const sayso = (args: readonly string[], as = env): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [program, 'audit', ...args],
      { env: { ...as }, cwd: stage.folder },
      (error, out, err) => {
        resolve({ code: error ? Number(error.code ?? -1) : 0, out, err });
      },
    );
  });
const auditor = (...args: readonly string[]) =>
  sayso(['verify', '--key', file('auditor.vkey'), ...args], elsewhere());

describe('sayso audit verify', () => {
  it('verifies by the data folder’s own key, and says so', async () => {
    const { code, out } = await sayso(['verify']);
    expect(code).toBe(0);
    expect(out).toContain(`log        ${stage.log.origin}`);
    expect(out).toContain('entries 0 to 599 of 600: 600 read');
    expect(out).toContain('an auditor has it from elsewhere (--key)');
    expect(out).toContain('sound: nothing was changed, left out or doubled');
  });

  it('verifies a folder, a gateway and an export by the key alone, and keeps a checkpoint', async () => {
    const tiles = await sayso(['tiles', '--out', file('tiles')]);
    expect(tiles).toMatchObject({ code: 0 });
    expect(tiles.out).toContain('600 entries, 600 of them new');
    const folder = await auditor('--folder', file('tiles'), '--save', file('kept'), '--json');
    expect(folder.code).toBe(0);
    expect(JSON.parse(folder.out)).toMatchObject({ sound: true, logs: [{ size: 600 }] });
    const server = await serveLogs(stage.knex);
    const url = await auditor('--url', `${server.url}/audit`, '--token', 'any');
    expect(url.out).toContain('sound:');
    await server.close();
    expect((await sayso(['export', '--out', file('all.ndjson')])).code).toBe(0);
    const exported = await auditor('--export', file('all.ndjson'), '--checkpoint', file('kept'));
    expect(exported.out).toContain('entries 0 to 599 of 600: 600 read');
    const part = await auditor(
      ...['--export', file('all.ndjson'), '--folder', file('tiles')],
      ...['--from-index', '100', '--to-index', '300', '--since', file('kept')],
    );
    expect(part.out).toContain('entries 100 to 299 of 600: 200 read');
    expect(part.out).toContain('compared with what was kept at 600 entries');
  });

  it('ends with 1 and the first bad index', async () => {
    const lines = readFileSync(file('all.ndjson'), 'utf8').split('\n');
    writeFileSync(file('less.ndjson'), lines.toSpliced(77, 1).join('\n'));
    const less = await auditor('--export', file('less.ndjson'), '--folder', file('tiles'));
    expect(less.code).toBe(1);
    expect(less.out).toContain('NOT SOUND: first bad index 77, 1 finding(s)');
    expect(less.out).toContain('77  entry  it is missing');
    const foreign = createKey(stage.log.origin).public;
    const other = await sayso(['verify', '--key', foreign, '--folder', file('tiles')], elsewhere());
    expect(other.code).toBe(1);
    expect(other.out).toContain('the note is signed by');
    const away = await auditor('--url', 'http://127.0.0.1:1/audit');
    expect(away.code).toBe(1);
    expect(away.err).toContain('AUDIT_UNREADABLE');
  });

  it.each([
    [['--url', 'http://a', '--folder', 'b'], 'give --url or --folder'],
    [['--proof', 'a'], '--proof and --entry go together'],
    [['--checkpoint', 'a'], '--checkpoint goes with --export'],
    [['--export', 'a'], '--export needs a --checkpoint'],
    [['--from-index', '5', '--to-index', '5'], '--from-index is not before --to-index'],
    [['--from-index', 'x'], 'it is no place in a log'],
    [['--witness-within', '0'], '--witness-within goes with --witness'],
    [['--nothing'], 'unknown option'],
  ])('ends with 2 for %j', async (args, says) => {
    const { code, err } = await auditor(...args);
    expect([code, err.includes(says)], err).toEqual([2, true]);
  });

  it('tells of logs whose key nobody gave, and holds each against its own checkpoint', async () => {
    const errors: unknown[] = [];
    const second = await openAuditLog({
      ...{ knex: stage.knex, dataDir: file('second'), origin: 'test.local' },
      onError: (error) => void errors.push(error),
    });
    await second.store.append(operation());
    await second.close();
    const one = ['--key', file('auditor.vkey')];
    const server = await serveLogs(stage.knex);
    expect((await sayso(['tiles', '--out', file('both')])).code).toBe(0);
    const url = `${server.url}/audit`;
    const [here, folder, over] = await Promise.all([
      sayso(['verify', ...one, '--json']),
      auditor('--folder', file('both')),
      auditor('--url', url, '--token', 'any'),
    ]);
    await server.close();
    expect(JSON.parse(here.out)).toMatchObject({ sound: true, notVerified: [second.origin] });
    for (const { code, out } of [folder, over]) {
      expect(code).toBe(0);
      expect(out).toContain(`NOT VERIFIED: log ${second.origin} is there too`);
    }
    const lone = await auditor('--folder', join(file('both'), ...stage.log.origin.split('/')));
    expect(lone.out).toMatch(/^sound/m);
    expect(lone.out).not.toContain('NOT VERIFIED');

    // A folder that holds another log keeps only its own from being written.
    const [lower, upper] = [stage.log.origin, second.origin].sort();
    const inBoth = (origin = '', name = '') => join(file('both'), ...origin.split('/'), name);
    copyFileSync(inBoth(upper, 'checkpoint'), inBoth(lower, 'checkpoint'));
    const tiles = await sayso(['tiles', '--out', file('both')]);
    expect(tiles.code).toBe(1);
    expect(tiles.err).toContain(`log ${lower} was not written: the folder holds \`${upper}\``);
    expect(tiles.out).toContain(inBoth(upper));

    const both = [...one, '--key', second.key.public];
    for (const [i, log] of [stage.log, second].entries()) {
      const kept = await sayso(['verify', ...both, '--log', log.origin, '--save', file(`k${i}`)]);
      expect(kept.code).toBe(0);
      expect(kept.out).not.toContain('NOT VERIFIED');
    }
    const part = await sayso(['verify', ...both, '--since', file('k0')]);
    expect(part.code).toBe(0);
    expect(part.out).toContain('compared with what was kept at 600 entries');
    expect(part.out).toContain('nothing was kept of this log');
    expect(part.out).not.toContain('NOT VERIFIED');
    const all = await sayso(['verify', ...both, '--since', file('k0'), '--since', file('k1')]);
    expect(all.code).toBe(0);
    expect(all.out).not.toContain('nothing was kept');
    // What was kept of a log that is not there is passed over by nobody.
    const away = await sayso(['verify', ...one, '--since', file('k1')]);
    expect(away.code).toBe(1);
    expect(errors).toEqual([]);
    // Ten processes, each of which starts by itself.
  }, 180_000);

  it('asks for witnesses', async () => {
    const { public: witness, secret } = createCosignerKey('witness.example');
    const without = await sayso(['verify', '--witness', witness]);
    expect(without.code).toBe(1);
    expect(without.out).toContain('it has signed none of the checkpoints');
    const note = (await stage.state()).checkpoint ?? '';
    const line = cosignerOf(secret).cosign(parseNote(note).text, 1_795_456_821);
    await stage.knex.raw(
      'update audit_log set witnessed = ?, witnessed_size = 600 where origin = ?',
      [appendSignatures(note, [line]), stage.log.origin],
    );
    const seen = await sayso(['verify', '--witness', witness]);
    expect(seen.code).toBe(0);
    expect(seen.out).toContain('witness.example saw 600 entries at 2026-11-23T');
    await sayso(['prove', '3', '--out', file('seen.tlog-proof'), '--entry-out', file('seen.json')]);
    const proof = ['--proof', file('seen.tlog-proof'), '--entry', file('seen.json')];
    const proved = await auditor(...proof, '--witness', witness);
    expect(proved).toMatchObject({ code: 0 });
    expect(proved.out).toContain('witness witness.example saw it at');
    const other = await auditor(...proof, '--witness', createCosignerKey('w.example').public);
    expect(other.code).toBe(1);
    expect(other.out).toContain('witness w.example has not signed');
  });
});

describe('sayso audit prove', () => {
  it('proves an entry by place and id, for who has the key alone', async () => {
    const id = operation().id;
    const writer = await stage.open();
    const { index } = await writer.store.append(operation({ id }));
    // Not signed yet by its gateway: the key is here, so this is.
    const byId = await sayso(['prove', id, '--entry-out', file('e.json')]);
    await writer.close();
    expect(byId.err).toContain(`entry ${index} of ${index + 1} in ${stage.log.origin}`);
    expect(byId.out.startsWith('c2sp.org/tlog-proof@v1\n')).toBe(true);
    writeFileSync(file('e.tlog-proof'), byId.out);
    const good = await auditor('--proof', file('e.tlog-proof'), '--entry', file('e.json'));
    expect(good).toMatchObject({ code: 0 });
    expect(good.out).toContain('sound: the entry is in the log');
    expect(readFileSync(file('e.json'), 'utf8')).toContain(id);
    writeFileSync(file('f.json'), readFileSync(file('e.json'), 'utf8').replace('shop', 'shot'));
    const bad = await auditor('--proof', file('e.tlog-proof'), '--entry', file('f.json'));
    expect(bad.code).toBe(1);
    expect(bad.err).toContain('TLOG_PROOF');
    const foreign = createKey('other.example/1').public;
    const args = ['--proof', file('e.tlog-proof'), '--entry', file('e.json')];
    const other = await sayso(['verify', '--key', foreign, ...args], elsewhere());
    expect(other.code).toBe(1);
    expect(other.err).toContain('TLOG_SIGNATURE');
  });

  it('says when there is no such entry', async () => {
    expect(await sayso(['prove', '999999'])).toMatchObject({ code: 1 });
    expect((await sayso(['prove', operation().id])).err).toContain('there is no entry of this id');
    expect(await sayso(['prove', 'x'])).toMatchObject({ code: 2 });
    expect((await sayso(['prove', '1', '--log', 'a/b'])).err).toContain('name a log with --log');
  });
});

describe('sayso audit key', () => {
  it('shows and exports, and the secret only when asked', async () => {
    const shown = await sayso(['key', 'show', '--json']);
    expect(JSON.parse(shown.out)).toEqual({ origin: stage.log.origin, key: stage.key, before: [] });
    expect((await sayso(['key', 'export'])).out).toBe(`${stage.key}\n`);
    const secret = await sayso(['key', 'export', '--private']);
    expect(secret.out).toMatch(/^PRIVATE\+KEY\+/);
    expect(secret.err).toContain('whoever has it can sign');
    const none = await sayso(['key', 'show'], elsewhere());
    expect(none.code).toBe(1);
    expect(none.err).toContain('no audit log was begun from it');
  });

  it('rotates, and the old key alone verifies what follows', async () => {
    const rotated = await sayso(['key', 'rotate']);
    expect(rotated).toMatchObject({ code: 0 });
    const { key, before } = JSON.parse((await sayso(['key', 'show', '--json'])).out) as {
      key: string;
      before: readonly string[];
    };
    expect(before).toEqual([stage.key]);
    mkdirSync(file('after'));
    expect(await sayso(['tiles', '--out', file('after')])).toMatchObject({ code: 0 });
    const verified = await auditor('--folder', file('after'), '--since', file('kept'));
    expect(verified).toMatchObject({ code: 0 });
    expect(verified.out).toContain(`signed by  ${key}`);
    expect(verified.out).toMatch(/key {8}entry \d+ replaced/);
  });
});
