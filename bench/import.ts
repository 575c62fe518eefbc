import { spawn } from 'node:child_process';
import {
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { withClient } from '../src/database/connection.ts';
import { openDatabase } from '../src/database/open-database.ts';

const help = `node --import ./bin/typescript.js bench/import.ts [--events N] [--subjects N] [--format jsonl|csv]

  Imports a file into a fresh embedded PostgreSQL by the command, as an operator would, and says how
  many events a second that made and how much memory it took.
`;

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    subjects: { type: 'string', default: '200000' },
    format: { type: 'string', default: 'jsonl' },
    prof: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const schema = `
enum Category { MAIL @category  BOUGHT @category }
enum Purpose { SUGGEST @purpose(covers: [BOUGHT])  WRITE @purpose(covers: [MAIL, BOUGHT]) }
type Customer @table(source: "shop", name: "customer") @subject(id: "id") {
  id: ID! @open(because: "surrogate key")
  email: String @shield(category: MAIL)
  bought: String @shield(category: BOUGHT)
}
`;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** A year of say-so: every person says several things, in the order of time. */
const writeEvents = async (path: string, events: number, subjects: number): Promise<void> => {
  const file = createWriteStream(path);
  const csv = values.format === 'csv';
  if (csv) file.write('subject,kind,purpose,at,method\n');
  const start = Date.parse('2025-01-01T00:00:00Z');
  for (let i = 0; i < events; i += 1) {
    const subject = String(1 + ((i * 7919) % subjects));
    const kind = i % 4 === 3 ? 'withdrawn' : 'given';
    const purpose = i % 2 === 0 ? 'SUGGEST' : 'WRITE';
    const at = new Date(start + i * 25_000).toISOString();
    const line = csv
      ? [subject, kind, purpose, at, 'web-form'].join(',')
      : JSON.stringify({ subject, kind, purpose, at, method: 'web-form' });
    if (!file.write(`${line}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
};

/** The most memory that a process ever held, in MB. */
const peakOf = (pid: number): number => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
};

const main = async (): Promise<void> => {
  const events = Number(values.events);
  const subjects = Number(values.subjects);
  const folder = mkdtempSync(join(tmpdir(), 'sayso-import-'));
  const dataDir = join(folder, 'data');
  const config = join(folder, 'sayso.yaml');
  const file = join(folder, `events.${values.format}`);
  mkdirSync(join(folder, 'schema'));
  writeFileSync(join(folder, 'schema', 'shop.graphql'), schema);
  writeFileSync(config, 'demo: true\nschema: ./schema\nsources:\n  shop: { database: shop }\n');
  say(`writing ${events} events of ${subjects} persons`);
  await writeEvents(file, events, subjects);
  try {
    await fillShop(dataDir, subjects);
    say('importing');
    const bin = new URL('../bin/sayso.js', import.meta.url).pathname;
    const args = [...(values.prof ? ['--cpu-prof', '--cpu-prof-dir', tmpdir()] : []), bin];
    const begin = performance.now();
    const child = spawn(process.execPath, [...args, 'consent', 'import', file], {
      env: { ...process.env, SAYSO_CONFIG: config, SAYSO_DATA: dataDir },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    let peak = 0;
    const watch = setInterval(() => (peak = Math.max(peak, peakOf(child.pid ?? 0))), 200);
    const [code] = (await once(child, 'close')) as [number | null];
    clearInterval(watch);
    const seconds = (performance.now() - begin) / 1_000;
    process.stdout.write(
      `exit ${code ?? -1}: ${seconds.toFixed(1)} s, ${Math.round(events / seconds)} events/s, peak ${Math.round(peak)} MB\n`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Closed again, as the command starts a server of its own. */
const fillShop = async (dataDir: string, subjects: number): Promise<void> => {
  const log = (): void => undefined;
  const database = await openDatabase({ config: { dataDir }, role: 'command', log });
  try {
    await database.ensureDatabase('shop');
    await withClient(database.connection('shop'), async (client) => {
      await client.query('create table customer (id bigint primary key, email text, bought text)');
      await client.query(`insert into customer select i from generate_series(1, ${subjects}) as i`);
      await client.query('analyze customer');
    });
  } finally {
    await database.close();
  }
};

if (values.help) process.stdout.write(help);
else await main();
