import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identifiedConsents } from '../../src/decision/identified-consents.ts';
import { importEvents, type ImportResult } from '../../src/imports/import-events.ts';
import { openImportFile, type Reading } from '../../src/imports/import-file.ts';
import { RefusalReport, type RefusedRow } from '../../src/imports/refusal-report.ts';
import { ConsentStore } from '../../src/ledger/consent-store.ts';
import { SqlSource } from '../../src/sources/sql/sql-source.ts';
import { policyOf } from '../ledger/small-policy.ts';
import { freshDatabase } from '../setup/database.ts';
import { directoryOn, numberedPersons } from '../setup/subjects.ts';

export interface Ask {
  readonly mode?: 'import' | 'all-or-none' | 'dry-run';
  readonly name?: string;
  readonly batch?: number;
  readonly reading?: Partial<Reading>;
  readonly onProgress?: (bytes: number, what: string) => void;
}

export interface Imported extends ImportResult {
  /** The report's file, line by line. */
  readonly reported: readonly RefusedRow[];
  readonly reasons: RefusalReport['reasons'];
}

/** A ledger, and a source with the persons `1` to `people`, on the run's server. */
export const setImportStage = async (people = 50) => {
  const policy = policyOf();
  const own = await freshDatabase({ migrated: true });
  const shop = await freshDatabase();
  await shop.knex.raw(
    `create table customer (id text primary key, country text);
     insert into customer select i::text, 'DE' from generate_series(1, ${people}) as i`,
  );
  const source = new SqlSource({
    name: 'shop',
    connection: shop.connection,
    schema: 'public',
    poolSize: 2,
    timeoutMs: 20_000,
    maxRows: 50_000,
  });
  const folder = mkdtempSync(join(tmpdir(), 'sayso-import-test-'));
  const subjects = directoryOn(own.knex, 100_000);
  const store = new ConsentStore(own.knex, subjects, policy);
  const consents = identifiedConsents({
    store,
    subjects,
    policy,
    sources: new Map([['shop', source]]),
  });
  const reportPath = join(folder, 'refused.jsonl');

  const write = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const run = async (path: string, ask: Ask = {}): Promise<Imported> => {
    const file = await openImportFile(path, {
      lines: path.endsWith('.csv') ? 'csv' : 'json',
      columns: new Map(),
      context: { defaultType: 'Customer' },
      ...ask.reading,
    });
    const report = new RefusalReport(reportPath);
    try {
      const result = await importEvents(
        {
          file,
          report,
          mode: ask.mode ?? 'import',
          name: ask.name,
          batch: ask.batch ?? 10,
          ...(ask.onProgress && { onProgress: ask.onProgress }),
        },
        { knex: own.knex, consents },
      );
      const lines = readFileSync(reportPath, 'utf8').split('\n').slice(0, -1);
      const reported = lines.map((line) => JSON.parse(line) as RefusedRow);
      return { ...result, reported, reasons: report.reasons };
    } finally {
      report.close();
      await file.close();
    }
  };
  /** What the ledger holds, in its order, without what is drawn by lot. */
  const events = async (): Promise<readonly Record<string, unknown>[]> => {
    const { rows } = await own.knex.raw<{ rows: Record<string, unknown>[] }>(
      `select position::float8, subject, kind, purposes, categories, at, method, evidence
       from consent_event order by position`,
    );
    const persons = await numberedPersons(own.knex);
    return rows.map(({ subject, ...row }) => ({ ...row, id: persons.get(Number(subject))?.id }));
  };
  /** How many rows each table has. */
  const tables = async (): Promise<Readonly<Record<string, number>>> => {
    const { rows } = await own.knex.raw<{ rows: { name: string }[] }>(
      `select table_name as name from information_schema.tables
       where table_schema = 'public' and table_type = 'BASE TABLE' order by 1`,
    );
    const counts: Record<string, number> = {};
    for (const { name } of rows)
      counts[name] = Number((await own.knex(name).count({ n: '*' }))[0]?.['n']);
    const head = await own.knex('ledger_head').first<{ position: string }>('position');
    return { ...counts, head: Number(head.position) };
  };
  const close = async (): Promise<void> => {
    await source.close();
    await shop.drop();
    await own.drop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { own, shop, store, write, run, events, tables, close, folder, reportPath };
};

export type ImportStage = Awaited<ReturnType<typeof setImportStage>>;

/** A line of JSON. */
export const line = (subject: string, more: object = {}): string =>
  JSON.stringify({
    subject,
    kind: 'given',
    purpose: 'SUGGEST',
    at: '2026-01-15T00:00:00.000Z',
    ...more,
  });
