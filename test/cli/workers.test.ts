import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { readPidFile } from '../../src/database/postmaster.ts';
import { servesFolder, startOfProcess } from '../../src/database/process-identity.ts';
import { openDemoIssuer } from '../../src/identity/demo-issuer.ts';
import { temporaryFolder, until } from '../database/child.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { urlOf } from '../setup/gateway.ts';
import { changes, emailOf, question, tables } from '../staleness/domain.ts';

const program = fileURLToPath(new URL('../../bin/sayso.js', import.meta.url));
const schemaDir = fileURLToPath(new URL('../staleness/schema', import.meta.url));

type Env = Readonly<Record<string, string>>;

let shop: FreshDatabase;
beforeAll(async () => {
  shop = await freshDatabase();
  await shop.knex.raw(tables);
});
afterAll(() => shop.drop());

/** Settings of a gateway in a folder of its own. */
const settings = (folder: string, workers: string, more: Env = {}): Env => {
  const config = join(folder, 'sayso.json');
  writeFileSync(
    config,
    JSON.stringify({
      demo: true,
      schema: schemaDir,
      audit: { origin: 'test.local' },
      sources: { shop: { postgres: urlOf(shop.connection) } },
    }),
  );
  return {
    PATH: process.env['PATH'] ?? '',
    SAYSO_CONFIG: config,
    SAYSO_DATA: join(folder, 'data'),
    SAYSO_WORKERS: workers,
    PORT: '0',
    ...more,
  };
};

interface Started {
  readonly process: ChildProcess;
  readonly url: string;
  readonly dataDir: string;
  readonly env: Env;
  /** Lines of standard error that are JSON. */
  log(): readonly Readonly<Record<string, unknown>>[];
  /** Process ids of its workers. */
  workers(): readonly number[];
}

const childrenOf = (pid: number): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid;
      } catch {
        return false;
      }
    })
    .map(Number);

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
};

const start = async (env: Env): Promise<Started> => {
  const child = spawn(process.execPath, [program, 'start'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (text: Buffer) => (out += text.toString()));
  child.stderr.on('data', (text: Buffer) => (err += text.toString()));
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await until(() => child.exitCode !== null || child.signalCode !== null, 30_000);
  });
  const url = (): string | undefined => /listens at (http:\S+)\/graphql/.exec(out)?.[1];
  await until(() => url() !== undefined || child.exitCode !== null, 60_000);
  const there = url();
  if (there === undefined) throw new Error(`it did not start: ${err}`);
  return {
    process: child,
    url: there,
    dataDir: env['SAYSO_DATA'] ?? '',
    env,
    log: () =>
      err
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    workers: () =>
      childrenOf(child.pid ?? 0).filter((pid) => commandOf(pid).includes('sayso-worker')),
  };
};

const ended = (process: ChildProcess): Promise<void> =>
  until(() => process.exitCode !== null || process.signalCode !== null, 30_000);

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const sayso = (args: readonly string[], env: Env): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { env }, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, out, err }),
    );
  });

interface Answer {
  readonly data?: Readonly<Record<string, Readonly<Record<string, unknown>> | null>> | null;
  readonly errors?: readonly unknown[];
  readonly extensions?: { readonly sayso?: { readonly entry?: string } };
}

/** A client with one connection, which one worker serves. */
const connect = async (started: Started) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const issuer = await openDemoIssuer(started.dataDir);
  const reader = await issuer.mint({ client: 'newsletter', scope: 'purpose:NEWS' });
  const writer = await issuer.mint({
    client: 'desk',
    subject: 'agent',
    scope: 'consent:write',
  });
  const send = (token: string, query: string, id: number): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify({ query, variables: { id: String(id) } });
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const options = { method: 'POST', agent, headers };
      const sent = request(`${started.url}/graphql`, options, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (text += part));
        response.on('end', () => resolve(JSON.parse(text) as Answer));
      });
      sent.on('error', reject);
      sent.end(body);
    });
  return {
    look: (id: number) => send(reader, question, id),
    say: (change: keyof typeof changes, id: number) => send(writer, changes[change], id),
  };
};

type Client = Awaited<ReturnType<typeof connect>>;

/** Number of the log that has an answer's entry. */
const logOf = async (own: FreshDatabase, answer: Answer): Promise<number> => {
  const { rows } = await own.knex.raw<{ rows: { log: number }[] }>(
    'select log from audit_entry where id = ?',
    [answer.extensions?.sayso?.entry ?? ''],
  );
  expect(rows).toHaveLength(1);
  return rows[0]!.log;
};

/** Clients of two different workers. */
const twoClients = async (started: Started, own: FreshDatabase) => {
  const first = await connect(started);
  const one = await logOf(own, await first.look(1));
  for (let tries = 1; tries <= 20; tries += 1) {
    const second = await connect(started);
    const other = await logOf(own, await second.look(1));
    if (other !== one) return { clients: [first, second] as const, logs: [one, other] as const };
  }
  throw new Error('one worker answers everything');
};

const emailIn = (answer: Answer): unknown => {
  expect(answer.errors).toBeUndefined();
  return answer.data?.['customer']?.['email'];
};

const onDatabase = async (): Promise<FreshDatabase> => {
  const own = await freshDatabase();
  onTestFinished(() => own.drop());
  return own;
};

describe('SAYSO_WORKERS', { timeout: 300_000 }, () => {
  it('serves by several on one port, each with a log; one that is killed goes on with its own', async () => {
    const own = await onDatabase();
    const folder = temporaryFolder();
    const started = await start(settings(folder, '2', { DATABASE_URL: urlOf(own.connection) }));
    const before = started.workers();
    expect(before).toHaveLength(2);
    const { logs } = await twoClients(started, own);

    const shown = await sayso(['audit', 'key', 'show', '--json'], started.env);
    const { logs: keys } = JSON.parse(shown.out) as { logs: { worker: number; key: string }[] };
    expect(keys.map(({ worker }) => worker)).toEqual([1, 2]);
    const exported = await sayso(['audit', 'key', 'export'], started.env);
    expect(exported.out.trim().split('\n')).toEqual(keys.map(({ key }) => key));

    const [killed = 0] = before;
    process.kill(killed, 'SIGKILL');
    await until(
      () => started.workers().length === 2 && !started.workers().includes(killed),
      30_000,
    );
    await until(() => started.log().some(({ code }) => code === 'WORKER_SERVES'), 60_000);
    expect(started.log()).toContainEqual(
      expect.objectContaining({
        code: 'WORKER_ENDED',
        worker: expect.any(Number),
        msg: expect.stringContaining('it ended (signal SIGKILL); it is started again in 200 ms'),
      }),
    );
    // No third log: its number, and so its key, is the one it had.
    const again = await twoClients(started, own);
    expect([...again.logs].sort()).toEqual([...logs].sort());

    started.process.kill('SIGTERM');
    await ended(started.process);
    const verified = await sayso(['audit', 'verify', '--json'], started.env);
    const report = JSON.parse(verified.out) as {
      sound: boolean;
      logs: { origin: string; size: number; entries: number }[];
    };
    expect(report.sound).toBe(true);
    expect(report.logs).toHaveLength(2);
    for (const { size, entries } of report.logs) {
      expect(size).toBeGreaterThanOrEqual(2);
      expect(entries).toBe(size);
    }
    expect(verified.code).toBe(0);
  });

  it('lets a no count for the next answer of any worker', async () => {
    const own = await onDatabase();
    const folder = temporaryFolder();
    const started = await start(settings(folder, '2', { DATABASE_URL: urlOf(own.connection) }));
    const { clients } = await twoClients(started, own);
    const round = async (writer: Client, reader: Client, id: number): Promise<void> => {
      await writer.say('give', id);
      // In both memories: what is in none cannot be stale.
      expect(emailIn(await reader.look(id))).toBe(emailOf(id));
      expect(emailIn(await writer.look(id))).toBe(emailOf(id));
      const said = await writer.say('withdraw', id);
      expect(said.data?.['withdrawConsent']).toMatchObject({ head: expect.any(Number) });
      expect(emailIn(await reader.look(id))).toBeNull();
    };
    for (let id = 1; id <= 200; id += 1)
      await (id % 2 === 0 ? round(clients[0], clients[1], id) : round(clients[1], clients[0], id));
  });

  it('ends with SIGTERM, and keeps, serves and signs the logs of workers that are no more', async () => {
    const own = await onDatabase();
    const folder = temporaryFolder();
    const env = settings(folder, '3', { DATABASE_URL: urlOf(own.connection) });
    const three = await start(env);
    const workers = three.workers();
    expect(workers).toHaveLength(3);
    const clients = await Promise.all(Array.from({ length: 9 }, () => connect(three)));
    for (const client of clients) await client.look(1);
    three.process.kill('SIGTERM');
    await ended(three.process);
    expect(three.process.exitCode).toBe(0);
    expect(workers.filter((pid) => startOfProcess(pid) !== undefined)).toEqual([]);

    // As if it had been killed before it could sign.
    await own.knex.raw('update audit_log set checkpoint = null, checkpoint_size = null');
    const one = await start({ ...env, SAYSO_WORKERS: '1' });
    expect(one.workers()).toEqual([]);
    await (await connect(one)).look(1);
    const signed = async (): Promise<number> =>
      Number((await own.knex('audit_log').whereNotNull('checkpoint').count())[0]?.['count']);
    for (let tries = 0; tries < 200 && (await signed()) < 3; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await signed()).toBe(3);
    const rotated = await sayso(['audit', 'key', 'rotate'], one.env);
    expect(rotated).toMatchObject({ code: 0 });
    expect(rotated.out.match(/^now /gm)).toHaveLength(3);
    const verified = await sayso(['audit', 'verify', '--json'], one.env);
    expect(JSON.parse(verified.out)).toMatchObject({ sound: true, logs: [{}, {}, {}] });

    const issuer = await openDemoIssuer(one.dataDir);
    const token = await issuer.mint({ client: 'auditor', scope: 'audit:read' });
    const listed = await fetch(`${one.url}/audit/logs`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const { logs } = (await listed.json()) as { logs: unknown[] };
    expect(logs).toHaveLength(3);
  });

  it('leaves nothing behind when the primary is killed, and starts again over it', async () => {
    const folder = temporaryFolder();
    const env = settings(folder, '2');
    const started = await start(env);
    const workers = started.workers();
    const cluster = join(started.dataDir, 'postgres');
    const postgres = readPidFile(cluster)?.pid ?? 0;
    expect(workers).toHaveLength(2);
    expect(servesFolder(postgres, cluster)).toBe(true);
    await (await connect(started)).look(1);
    // A command beside them works on the same database.
    expect(await sayso(['audit', 'entries'], env)).toMatchObject({ code: 0 });
    started.process.kill('SIGKILL');
    await until(
      () => [...workers, postgres].every((pid) => startOfProcess(pid) === undefined),
      30_000,
    );

    const again = await start(env);
    expect(emailIn(await (await connect(again)).look(1))).toBeNull();
    const remaining = again.workers();
    again.process.kill('SIGINT');
    await ended(again.process);
    const left = [...remaining, readPidFile(cluster)?.pid ?? 0];
    expect(left.filter((pid) => startOfProcess(pid) !== undefined)).toEqual([]);
  });

  it('ends the start with the reason that a worker has', async () => {
    const own = await onDatabase();
    const folder = temporaryFolder();
    const env = settings(folder, '2', { DATABASE_URL: urlOf(own.connection) });
    const key = join(folder, 'data', 'workers', '2', 'audit');
    mkdirSync(key, { recursive: true });
    writeFileSync(join(key, 'signing.key'), 'no key\n');
    const { code, err } = await sayso(['start'], env);
    expect(code).toBe(1);
    expect(err).toContain('CONFIG_INVALID');
    expect(err).toContain('this is no signing key of an audit log');
  });

  it('is refused where it is no number of workers', async () => {
    const { code, err } = await sayso(['start'], settings(temporaryFolder(), 'two'));
    expect(code).toBe(1);
    expect(err).toContain('SAYSO_WORKERS');
    expect(err).toContain('is not a number of workers');
    expect(err).toContain('a whole number from 1 to 64, or `auto`');
  });
});
