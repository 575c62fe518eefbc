import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify from 'fastify';
import type { Knex } from 'knex';
import { uuidv7 } from 'uuidv7';
import type { OperationEntry } from '../../src/audit/entry.ts';
import { readLog, type LogState } from '../../src/audit/log-state.ts';
import { openAuditLog, type AuditLog } from '../../src/audit/open-audit-log.ts';
import type { Finding, LogSource } from '../../src/audit/verify/log-source.ts';
import { databaseSource } from '../../src/audit/verify/database-source.ts';
import { httpSource } from '../../src/audit/verify/http-source.ts';
import { verifyLog, type VerifyOptions } from '../../src/audit/verify/verify-log.ts';
import { auditRoutes } from '../../src/gateway/audit-routes.ts';
import type { Caller } from '../../src/identity/caller.ts';
import { hashLeaf } from '../../src/tlog/merkle.ts';
import { TreeTail } from '../../src/tlog/tree-tail.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { byKnex } from '../../src/core/statement.ts';

/** A small entry, unlike any other. */
export const operation = (changes: Partial<OperationEntry> = {}): OperationEntry => ({
  kind: 'operation',
  id: uuidv7(),
  client: 'shop',
  actor: 'client:shop',
  documentHash: 'b'.repeat(16),
  policy: 'sha256:a',
  coordinates: ['A.a'],
  sets: ['7'],
  decisions: [['OPEN', [0], [0]]],
  notices: [],
  outcome: 'ANSWERED',
  signals: [],
  errors: [],
  ...changes,
});

export interface LogStage {
  readonly database: FreshDatabase;
  readonly knex: Knex;
  readonly folder: string;
  readonly dataDir: string;
  readonly log: AuditLog;
  /** The verifier key. */
  readonly key: string;
  state(knex?: Knex): Promise<LogState>;
  /** Opens the same log again, as another process would. */
  open(): Promise<AuditLog>;
  close(): Promise<void>;
}

const open = (knex: Knex, dataDir: string): Promise<AuditLog> =>
  openAuditLog({
    ...{ knex, dataDir, origin: 'test.local' },
    onError: (error) => {
      throw error;
    },
  });

/** A log of so many entries, written by the real store and signed. */
export const stageLog = async (entries: number): Promise<LogStage> => {
  const database = await freshDatabase({ migrated: true });
  const folder = await mkdtemp(join(tmpdir(), 'sayso-log-'));
  const dataDir = join(folder, 'data');
  const { knex } = database;
  const log = await open(knex, dataDir);
  for (let done = 0; done < entries; done += 10_000)
    await Promise.all(
      Array.from({ length: Math.min(10_000, entries - done) }, () => log.store.append(operation())),
    );
  await log.close();
  const state = async (on: Knex = knex): Promise<LogState> => {
    const found = await readLog(byKnex(on), log.origin);
    if (!found) throw new Error('no log');
    return found;
  };
  return {
    ...{ database, knex, folder, dataDir, log, key: log.key.public, state },
    open: () => open(knex, dataDir),
    close: async () => {
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

class Undo extends Error {}

/** Somebody who owns the database: no trigger keeps them, and the test takes it back. */
export const asOwner = async (knex: Knex, act: (trx: Knex) => Promise<void>): Promise<void> => {
  await knex
    .transaction(async (trx) => {
      for (const table of ['audit_entry', 'audit_tile', 'audit_log'])
        await trx.raw(`alter table ${table} disable trigger user`);
      await act(trx);
      throw new Undo();
    })
    .catch((error: unknown) => {
      if (!(error instanceof Undo)) throw error;
    });
};

/** Everything that the database has, made anew out of the entries; only the key is missing. */
export const makeTilesAnew = async (trx: Knex, log: number): Promise<TreeTail> => {
  await trx.raw('update audit_entry set hash = sha256(decode($$00$$, $$hex$$) || entry)');
  await trx.raw('delete from audit_tile');
  const { rows } = await trx.raw<{ rows: { entry: Buffer }[] }>(
    'select entry from audit_entry order by index',
  );
  const tail = new TreeTail();
  for (const { entry } of rows)
    for (const { level, index, hashes, root } of tail.append(hashLeaf(entry)))
      await trx.raw(
        'insert into audit_tile (log, level, index, hashes, root) values (?, ?, ?, ?, ?)',
        [...[log, level, index, hashes, root]],
      );
  await trx.raw('update audit_log set size = ?, root = ?', [tail.size, tail.root()]);
  return tail;
};

const auditor = { mayReadAudit: true } as Caller;

/** Serves the logs of a database to anybody. */
export const serveLogs = async (
  knex: Knex,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> => {
  const app = fastify();
  await app.register(auditRoutes({ knex, verify: () => Promise.resolve(auditor) }));
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return { url, close: () => app.close() };
};

/** Verifies a database directly and by what a gateway on it serves. */
export const verifyBoth = async (
  knex: Knex,
  origin: string,
  options: VerifyOptions,
): Promise<readonly [Summary, Summary]> => {
  const direct = await verifyLog(await databaseSource(knex, origin), options);
  const server = await serveLogs(knex);
  try {
    const served = await verifyLog(httpSource({ url: `${server.url}/audit/${origin}` }), options);
    return [short(direct), short(served)];
  } finally {
    await server.close();
  }
};

export interface Summary {
  readonly sound: boolean;
  readonly first: number | undefined;
  readonly what: readonly string[];
}

export const told = ({ index, where, what }: Finding): string =>
  `${index ?? '-'} ${where}: ${what}`;

const short = (report: Awaited<ReturnType<typeof verifyLog>>): Summary => ({
  sound: report.sound,
  first: report.first?.index,
  what: report.findings.map(told),
});

export const verifyShort = async (source: LogSource, options: VerifyOptions): Promise<Summary> =>
  short(await verifyLog(source, options));
