/**
 * Measures what reading a long log costs: `node --import ./bin/typescript.js bench/audit/export-memory.ts [entries] [export]`.
 * Makes a log by SQL in a database of its own, indexes it, and exports it in a process of its own
 * whose memory is watched.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Knex } from 'knex';
import { indexAudit } from '../../src/audit/audit-index.ts';
import { eachEntry, readEntries } from '../../src/audit/audit-reader.ts';
import { countEntries } from '../../src/audit/count-entries.ts';
import { beginLog } from '../../src/audit/log-state.ts';
import { ensureMonths } from '../../src/audit/partitions.ts';
import { byKnex } from '../../src/core/statement.ts';
import { migrate } from '../../src/database/migrate.ts';
import { openDatabase } from '../../src/database/open-database.ts';

const entries = Number(process.argv[2] ?? 200_000);
const program = fileURLToPath(new URL('../../bin/sayso.js', import.meta.url));

const generate = async (knex: Knex): Promise<void> => {
  const log = await beginLog(knex, 'bench/log', 'bench/log+01234567+AAAA');
  await ensureMonths(knex, new Date('2026-10-01T00:00:00Z'));
  const made = `
    select i as index, timestamptz '2026-10-01T00:00:00Z' + i * interval '50 milliseconds' as at,
      ('01a2099b-0df2-7e65-84a6-' || lpad(to_hex(i), 12, '0'))::uuid as id
    from generate_series(?::bigint, ?::bigint) as i`;
  for (let from = 0; from < entries; from += 50_000) {
    await knex.raw(
      `insert into audit_entry (log, index, at, id, hash, entry)
       select ?, index, at, id, sha256(entry), entry from (select made.*, convert_to(
         '{"actor":"client:c' || index % 7 || '","at":"'
         || to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
         || '","client":"c' || index % 7 || '","coordinates":["Customer.country","Customer.email","Customer.id"],'
         || '"decidedAt":1795456821371123,"decisions":[["CONSENTED",[0],[0]],["NEVER_ASKED",[0],[1]],["NOT_COVERED",[1],[0,1]],["OPEN",[2],[0,1]]],'
         || '"documentHash":"978db690a026cac0b20b8e26a23bdbb28d0bcb185ffeb867eff3e7792ec5a779","head":60204,"id":"'
         || id || '","kind":"operation","operation":"Look","outcome":"ANSWERED","policy":"sha256:'
         || repeat('a', 64) || '","purpose":"P' || index % 5 || '","sets":["' || index % 9000 || ','
         || 10000 + index % 8000 || '","' || 20000 + index % 5000 || '"],"v":1}', 'UTF8') as entry
       from (${made}) as made) as whole`,
      [log, from, Math.min(entries, from + 50_000) - 1],
    );
  }
  await knex.raw('update audit_log set size = ? where id = ?', [entries, log]);
};

const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  const start = performance.now();
  const before = process.cpuUsage();
  const result = await work();
  const seconds = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(before);
  const cpu = ((user + system) / 1_000_000).toFixed(2);
  const rate = Math.round(entries / seconds);
  console.log(
    `${what}: ${seconds.toFixed(2)} s (${cpu} s of our CPU), ${rate} entries/s of the log`,
  );
  return result;
};

/** Through the index, in this process. */
const readIt = async (knex: Knex): Promise<void> => {
  await timed('index', () => indexAudit(byKnex(knex)));
  await knex.raw('analyze');
  for (const filter of [
    {},
    { subject: 25 },
    { client: 'c3' },
    { coordinate: 'Customer.email' },
    { reason: 'EXPIRED' },
  ])
    await timed(`newest 50 of ${JSON.stringify(filter)}`, () =>
      readEntries(knex, filter, { first: 50 }),
    );
  await timed('count by client', () => countEntries(knex, {}, ['client', 'purpose']));
  await timed('count by reason', () => countEntries(knex, {}, ['coordinate', 'reason']));
  await timed('read all by time', async () => {
    let seen = 0;
    for await (const one of eachEntry(knex, {}, { oldestFirst: true })) seen += one.entry ? 1 : 0;
    if (seen !== entries) throw new Error(`${seen} entries were read`);
  });
};

/** Runs the command and watches the most memory it ever had. */
const runExport = (dataDir: string, args: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [program, 'audit', 'export', ...args], {
      env: { PATH: process.env['PATH'], SAYSO_DATA: dataDir },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const samples: number[] = [];
    const timer = setInterval(() => {
      try {
        const status = readFileSync(`/proc/${child.pid ?? 0}/status`, 'utf8');
        samples.push(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
      } catch {
        // It has ended.
      }
    }, 100);
    child.once('close', () => {
      clearInterval(timer);
      const part = (from: number, to: number): string =>
        Math.max(
          0,
          ...samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to)),
        ).toFixed(0);
      resolve(`most memory: first third ${part(0, 1 / 3)} MB, last third ${part(2 / 3, 1)} MB`);
    });
  });

const folder = mkdtempSync(join(tmpdir(), 'sayso-export-'));
const dataDir = join(folder, 'data');
const database = await openDatabase({ config: { dataDir }, role: 'gateway', log: () => undefined });
try {
  const { knex } = database;
  await migrate(knex);
  await timed('generate', () => generate(knex));
  if (process.argv[3] !== 'export') await readIt(knex);
  for (const args of [
    ['--format', 'ndjson'],
    ['--format', 'csv'],
    ['--format', 'ndjson', '--purpose', 'P1'],
  ])
    console.log(args.join(' '), await timed('export', () => runExport(dataDir, args)));
} finally {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
}
