import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { urlOf } from '../setup/gateway.ts';
import { testSubjectKey } from '../setup/subjects.ts';
import { line, setImportStage, type ImportStage } from './import-stage.ts';
import { categories, purposes } from '../ledger/small-policy.ts';

const bin = fileURLToPath(new URL('../../bin/sayso.js', import.meta.url));
const patience = 240_000;

const sdl = `${categories}${purposes}
type Customer @table(source: "shop", name: "customer") @subject(id: "id", place: "country") {
  id: ID! @open(because: "surrogate key")
  email: String @shield(category: MAIL)
  phone: String @shield(category: PHONE)
  birthDate: String @shield(category: BIRTH)
  bought: String @shield(category: BOUGHT)
}`;

let stage: ImportStage;
let env: Readonly<Record<string, string | undefined>>;
beforeAll(async () => {
  stage = await setImportStage(500);
  await stage.shop.knex.raw(
    'alter table customer add email text, add phone text, add birth_date text, add bought text',
  );
  const schema = join(stage.folder, 'schema');
  mkdirSync(schema);
  writeFileSync(join(schema, 'small.graphql'), sdl);
  const config = {
    demo: true,
    schema,
    sources: { shop: { postgres: urlOf(stage.shop.connection) } },
  };
  const file = stage.write('sayso.json', JSON.stringify(config));
  env = {
    PATH: process.env['PATH'],
    SAYSO_CONFIG: file,
    SAYSO_DATA: join(stage.folder, 'data'),
    DATABASE_URL: urlOf(stage.own.connection),
    SAYSO_SUBJECT_KEY: testSubjectKey,
  };
});
afterAll(() => stage.close());

const start = (...args: readonly string[]) => {
  const child = spawn(process.execPath, [bin, 'consent', 'import', ...args], {
    cwd: stage.folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, out, err })),
  );
  return { child, ended };
};
const run = (...args: readonly string[]) => start(...args).ended;

describe('sayso consent import', () => {
  it(
    'killed again and again, goes on to the very events of one go',
    { timeout: patience },
    async () => {
      const rows = Array.from({ length: 24_000 }, (_, i) =>
        i % 1_000 === 999
          ? line('nobody')
          : line(String(1 + (i % 500)), {
              evidence: `row ${i}`,
              kind: i % 3 ? 'given' : 'refused',
            }),
      );
      const path = stage.write('killed.jsonl', rows.join('\n'));
      const headNow = async (): Promise<number> => {
        const { rows: heads } = await stage.own.knex.raw<{ rows: { position: number }[] }>(
          'select position::int from ledger_head',
        );
        return heads[0]?.position ?? 0;
      };
      let kills = 0;
      for (let head = 0; kills < 3; kills += 1) {
        const { child, ended } = start(path, '--report', 'killed-refused.jsonl');
        while (child.exitCode === null && (await headNow()) <= head) await sleep(5);
        const over = child.exitCode !== null;
        child.kill('SIGKILL');
        await ended;
        head = await headNow();
        if (over) break;
      }
      const last = await run(path, '--report', 'killed-refused.jsonl');
      expect(kills).toBeGreaterThan(0);
      expect(last.code, last.err).toBe(1);
      expect(last.out).toMatch(/^23976 events recorded.*, 24 rows refused/);
      expect(last.out).toContain('24 rows from line 1000 on: no `Customer` has this id');
      const reported = readFileSync(join(stage.folder, 'killed-refused.jsonl'), 'utf8');
      expect(reported.trimEnd().split('\n')).toHaveLength(24);
      const expected = rows.flatMap((_, i) => (i % 1_000 === 999 ? [] : `row ${i}`));
      const events = await stage.events();
      expect(events.map(({ evidence }) => evidence)).toEqual(expected);
      expect(events.map(({ position }) => position)).toEqual(expected.map((_, i) => i + 1));
      const again = await run(path, '--report', 'killed-refused.jsonl');
      expect(again.out).toContain('nothing to do: this file was imported before (23976 events');
      expect(await headNow()).toBe(23_976);
    },
  );

  it(
    'ends with 0 when all were taken and with 1 when some were not',
    { timeout: patience },
    async () => {
      const good = stage.write('good.txt', `${line('1')}\n`);
      expect(await run(good, '--format', 'jsonl')).toMatchObject({ code: 0 });
      const csv = stage.write('map.csv', 'id,kind,mail\n1,refused,x\nnobody,refused,y\n');
      const before = await stage.tables();
      const dry = await run(csv, '--dry-run', '--map', 'id=subject', '--map', 'mail=');
      expect(dry.code, dry.err).toBe(1);
      expect(dry.out).toBe(
        '1 event would be recorded, 1 row refused; nothing was written\n  line 3: no `Customer` has this id\n',
      );
      const none = await run(csv, '--all-or-none', '--map', 'id=subject', '--map', 'mail=');
      expect(none.code, none.err).toBe(1);
      expect(none.out).toMatch(/^nothing was recorded: 1 row refused\n/);
      expect(await stage.tables()).toEqual(before);
    },
  );

  it('ends with 2 on wrong usage, before it opens anything', { timeout: patience }, async () => {
    const path = stage.write('usage.jsonl', line('1'));
    const before = readFileSync(path, 'utf8');
    for (const args of [
      [],
      [path, '--format', 'xml'],
      [path.replace('.jsonl', '.txt')],
      [path, '--format', 'tcf'],
      [path, '--tcf-map', 'x.yaml'],
      [path, '--map', 'id'],
      [path, '--map', 'id=subject'],
      [path, '--at', '2026-01-01'],
      [path, '--name', ''],
      [path, '--dry-run', '--all-or-none'],
    ])
      expect((await run(...args)).code, args.join(' ')).toBe(2);
    const over = await run(path, '--report', path);
    expect(over).toMatchObject({
      code: 1,
      err: expect.stringContaining('over the file itself') as string,
    });
    expect(readFileSync(path, 'utf8')).toBe(before);
  });
});
