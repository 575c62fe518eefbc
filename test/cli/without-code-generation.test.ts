import { execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openDemoIssuer } from '../../src/identity/demo-issuer.ts';
import { temporaryFolder, until } from '../database/child.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { urlOf } from '../setup/gateway.ts';
import { changes, emailOf, question, tables } from '../staleness/domain.ts';
import { logKey } from '../tlog/keys.ts';

const flag = '--disallow-code-generation-from-strings';
const program = fileURLToPath(new URL('../../bin/sayso.js', import.meta.url));
const schemaDir = fileURLToPath(new URL('../staleness/schema', import.meta.url));

type Env = Readonly<Record<string, string>>;

let shop: FreshDatabase;
beforeAll(async () => {
  shop = await freshDatabase();
  await shop.knex.raw(tables);
});
afterAll(() => shop.drop());

const settings = async (workers: string): Promise<Env> => {
  const own = await freshDatabase();
  onTestFinished(() => own.drop());
  const folder = temporaryFolder();
  const config = join(folder, 'sayso.json');
  writeFileSync(
    config,
    JSON.stringify({
      demo: true,
      schema: schemaDir,
      sources: { shop: { postgres: urlOf(shop.connection) } },
    }),
  );
  return {
    PATH: process.env['PATH'] ?? '',
    DATABASE_URL: urlOf(own.connection),
    SAYSO_CONFIG: config,
    SAYSO_DATA: join(folder, 'data'),
    // Every query by graphql-js as well.
    SAYSO_SHADOW: '1',
    SAYSO_WORKERS: workers,
    PORT: '0',
  };
};

/** Runs a command until it says where it listens; it is stopped when the test ends. */
const serve = async (args: readonly string[], env: Env, listens: RegExp): Promise<string> => {
  const child = spawn(process.execPath, [flag, program, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (said += text.toString()));
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await until(isOver, 30_000);
  });
  await until(() => listens.test(said) || isOver(), 60_000);
  const url = listens.exec(said)?.[1];
  if (url === undefined) throw new Error(`it did not start: ${said}`);
  return url;
};

const sayso = (args: readonly string[], env: Env): Promise<number> =>
  new Promise((resolve) => {
    execFile(process.execPath, [flag, program, ...args], { env }, (error) =>
      resolve(error ? Number(error.code ?? -1) : 0),
    );
  });

/** The data of an answer, over a connection of its own: one worker after the other serves. */
const ask = async (url: string, token: string, query: string): Promise<unknown> => {
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      connection: 'close',
    },
    body: JSON.stringify({ query, variables: { id: '1' } }),
  });
  return ((await answer.json()) as { readonly data?: unknown }).data;
};

describe('all of it where no text may become code', { timeout: 180_000 }, () => {
  it.each(['1', '2'])('answers, by SAYSO_WORKERS=%s', async (workers) => {
    const env = await settings(workers);
    const url = await serve(['start'], env, /listens at (http:\S+)\/graphql/);
    const issuer = await openDemoIssuer(env['SAYSO_DATA'] ?? '');
    const reader = await issuer.mint({ client: 'newsletter', scope: 'purpose:NEWS' });
    const writer = await issuer.mint({ client: 'desk', subject: 'agent', scope: 'consent:write' });
    for (let time = 0; time < 4; time += 1)
      expect(await ask(url, reader, question)).toEqual({ customer: { email: null } });
    expect(await ask(url, writer, changes.give)).toMatchObject({ giveConsent: {} });
    for (let time = 0; time < 4; time += 1)
      expect(await ask(url, reader, question)).toEqual({ customer: { email: emailOf(1) } });

    expect(await (await fetch(`${url}/`)).text()).toContain('<html');
    const minted = await fetch(`${url}/console/token`, {
      method: 'POST',
      headers: { origin: url, 'content-type': 'application/json' },
      body: JSON.stringify({ caller: 'a client for NEWS' }),
    });
    expect(minted.status).toBe(200);
    expect((await fetch(`${url}/audit/logs`)).status).toBe(401);

    if (workers !== '1') return;
    for (const command of ['check', 'audit verify', 'audit replay'])
      expect([command, await sayso(command.split(' '), env)]).toEqual([command, 0]);
  });

  it('witnesses logs', async () => {
    const { public: log } = logKey('log.example/1');
    const args = ['--dir', temporaryFolder(), '--name', 'w.example', '--log', log, '--port', '0'];
    const env = { PATH: process.env['PATH'] ?? '' };
    const url = await serve(['witness', ...args], env, /^Witness: (http:\S+)$/m);
    expect(await (await fetch(url)).text()).toMatch(/^w\.example\+/);
    const { status } = await fetch(`${url}/${'0'.repeat(64)}/checkpoint`);
    expect(status).toBe(404);
  });
});
