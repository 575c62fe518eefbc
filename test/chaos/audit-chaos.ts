import { fork, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import type { Place } from '../../bench/config-for.ts';
import { urlOf } from '../../bench/stage.ts';
import { decodeEntry } from '../../src/audit/decode-entry.ts';
import { eachLeaf } from '../../src/audit/leaf-reader.ts';
import { readLogs } from '../../src/audit/log-state.ts';
import { openPool, withClient } from '../../src/database/connection.ts';
import { openDemoIssuer } from '../../src/identity/demo-issuer.ts';
import { hashLeaf } from '../../src/tlog/merkle.ts';
import { TreeTail } from '../../src/tlog/tree-tail.ts';
import { question, tables } from '../staleness/domain.ts';
import type { Fate, ServeOrder, ServeReport } from './serve.ts';

export interface ChaosFigures {
  readonly kills: number;
  readonly killsBy: Readonly<Record<Fate['when'], number>>;
  /** Answers with data that somebody received in full. */
  readonly answers: number;
  /** Of them those whose entry is not in the log. */
  readonly missing: number;
  /** Entries whose answers nobody received. */
  readonly unheard: number;
  readonly entries: number;
  readonly logs: number;
  /** Entries that stand in a log twice, or whose hashes do not make its root. */
  readonly unsound: number;
  readonly seconds: number;
}

export interface ChaosOptions {
  readonly own: pg.ClientConfig;
  readonly shop: pg.ClientConfig;
  readonly kills: number;
  /** Off: answers do not wait for the log, which must be found. */
  readonly wait: boolean;
  readonly signal: AbortSignal;
  readonly onKill?: (done: number) => void;
}

/** Processes at a time; each keeps its folder, and so its log, over all its lives. */
const lanes = 2;
const callers = 6;
const customers = 50;

const start = async (order: ServeOrder): Promise<{ child: ChildProcess; url: string }> => {
  const child = fork(fileURLToPath(new URL('serve.ts', import.meta.url)), {
    execArgv: ['--import', import.meta.resolve('#typescript')],
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TMPDIR: process.env['TMPDIR'] },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const heard = async (): Promise<ServeReport> => {
    const [report] = (await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => [{ failed: 'it ended' }]),
    ])) as [ServeReport];
    return report;
  };
  await heard();
  const ready = heard();
  child.send(order);
  const report = await ready;
  if (typeof report === 'object' && 'url' in report) return { child, url: report.url };
  child.kill('SIGKILL');
  throw new Error(`a gateway did not start: ${JSON.stringify(report)}`);
};

interface Answer {
  readonly data?: { readonly customer?: { readonly email?: unknown } | null } | null;
  readonly extensions?: { readonly sayso?: { readonly entry?: string } };
}

/** Asks once; `undefined` where no whole answer came. */
const ask = (url: string, agent: Agent, token: string): Promise<Answer | undefined> =>
  new Promise((resolve) => {
    const body = JSON.stringify({
      query: question,
      variables: { id: String(randomInt(1, customers)) },
    });
    const sent = request(
      `${url}/graphql`,
      {
        method: 'POST',
        agent,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => resolve(undefined));
        response.on('end', () => {
          const whole = response.complete && response.statusCode === 200;
          resolve(whole ? (JSON.parse(Buffer.concat(chunks).toString()) as Answer) : undefined);
        });
      },
    );
    sent.on('error', () => resolve(undefined));
    sent.end(body);
  });

/** One life of a process: it answers until it is killed. @returns the entries of its answers */
const live = async (
  place: Place,
  fate: Fate,
  tokenOf: () => Promise<string>,
): Promise<readonly string[]> => {
  const { child, url } = await start({ place, fate });
  const ended = once(child, 'exit');
  let alive = true;
  void ended.then(() => (alive = false));
  const agent = new Agent({ keepAlive: true });
  const token = await tokenOf();
  const heard: string[] = [];
  const call = async (): Promise<void> => {
    while (alive) {
      const answer = await ask(url, agent, token);
      const entry = answer?.extensions?.sayso?.entry;
      if (answer?.data !== undefined && answer.data !== null && entry !== undefined)
        heard.push(entry);
      if (answer === undefined) await sleep(1);
    }
  };
  const calls = Promise.all(Array.from({ length: callers }, call));
  if (fate.when === 'outside') {
    // While it answers, not while it warms up.
    for (let tries = 0; tries < 500 && heard.length === 0; tries += 1) await sleep(10);
    await sleep(randomInt(20, 200));
  }
  // Also a safeguard: a fate that never comes.
  const late = setTimeout(() => child.kill('SIGKILL'), fate.when === 'outside' ? 0 : 10_000);
  await ended;
  clearTimeout(late);
  await calls;
  agent.destroy();
  return heard;
};

const whens = ['committed', 'sent', 'outside'] as const;

/**
 * Kills serving processes again and again while they answer, and then looks for the entry of every
 * answer that was received.
 */
export const auditChaos = async (options: ChaosOptions): Promise<ChaosFigures> => {
  const begin = performance.now();
  const { own, shop, kills, wait, signal } = options;
  const folder = await mkdtemp(join(tmpdir(), 'sayso-chaos-'));
  const answers = new Set<string>();
  const killsBy = { committed: 0, sent: 0, outside: 0 };
  try {
    await withClient(shop, (client) => client.query(tables));
    const identity = join(folder, 'identity');
    await mkdir(identity);
    const issuer = await openDemoIssuer(identity);
    const tokenOf = () => issuer.mint({ client: 'newsletter', scope: 'purpose:NEWS' });
    let begun = 0;
    let done = 0;
    const lane = async (name: string): Promise<void> => {
      const place: Place = {
        dataDir: join(folder, name),
        databaseUrl: urlOf(own),
        shopUrl: urlOf(shop),
        keySet: join(identity, 'demo-jwks.json'),
      };
      while (begun < kills) {
        signal.throwIfAborted();
        // Without the wait there is no moment between commit and answer to be killed in.
        const when = wait ? (whens[begun % whens.length] ?? 'outside') : 'outside';
        begun += 1;
        const heard = await live(place, { when, statement: randomInt(1, 20), wait }, tokenOf);
        for (const entry of heard) answers.add(entry);
        killsBy[when] += 1;
        options.onKill?.((done += 1));
      }
    };
    await Promise.all(Array.from({ length: lanes }, (_, i) => lane(`lane-${i}`)));
    return {
      ...(await lookFor(own, answers)),
      kills: done,
      killsBy,
      seconds: (performance.now() - begin) / 1_000,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** Reads every log and recomputes its tree. */
const lookFor = async (
  own: pg.ClientConfig,
  answers: ReadonlySet<string>,
): Promise<
  Pick<ChaosFigures, 'answers' | 'missing' | 'unheard' | 'entries' | 'logs' | 'unsound'>
> => {
  const knex = openPool(own);
  try {
    const found = new Set<string>();
    let entries = 0;
    let unsound = 0;
    const logs = await readLogs(knex);
    for (const log of logs) {
      const tree = new TreeTail();
      for await (const { bytes } of eachLeaf(knex, log)) {
        const { id } = decodeEntry(bytes);
        if (found.has(id)) unsound += 1;
        found.add(id);
        tree.append(hashLeaf(bytes));
        entries += 1;
      }
      if (tree.size !== log.size || !tree.root().equals(log.root)) unsound += 1;
    }
    const missing = [...answers].filter((entry) => !found.has(entry)).length;
    const unheard = [...found].filter((entry) => !answers.has(entry)).length;
    return { answers: answers.size, missing, unheard, entries, logs: logs.length, unsound };
  } finally {
    await knex.destroy();
  }
};
