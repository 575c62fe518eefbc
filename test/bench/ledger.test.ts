import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillLedger } from '../../bench/ledger/fill.ts';
import { idOf, sayings, seal, subjectType } from '../../bench/ledger/people.ts';
import { ledgerPolicy } from '../../bench/ledger/policy.ts';
import { withClient } from '../../src/database/connection.ts';
import { SubjectDirectory } from '../../src/ledger/subject-directory.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

const bench = (...options: readonly string[]) =>
  run(process.execPath, ['--import', './bin/typescript.js', 'bench/main.ts', ...options], {
    cwd: root,
  });

describe('the ledger that is measured', () => {
  let database: FreshDatabase;
  const size = { subjects: 2_000, events: 4 };
  const one = async (sql: string): Promise<unknown> => {
    const { rows } = await database.knex.raw<{ rows: readonly unknown[] }>(sql);
    return rows[0];
  };
  beforeAll(async () => {
    database = await freshDatabase({ migrated: true });
    const policy = await ledgerPolicy();
    const signal = AbortSignal.timeout(50_000);
    await withClient(database.connection, (client) =>
      fillLedger(client, { ...size, policy, signal, say: () => undefined }),
    );
  });
  afterAll(() => database.drop());

  it('has a hundred things to say', () => expect(sayings).toHaveLength(100));

  it('has positions without gaps up to its head, and as many events of everybody', async () => {
    const events = await one(`
      select count(*)::int, max(position)::int as newest, min(position)::int as oldest,
        (select position::int from ledger_head) as head, count(distinct subject)::int as subjects
      from consent_event`);
    expect(events).toEqual({
      count: 8_000,
      newest: 8_000,
      oldest: 1,
      head: 8_000,
      subjects: 2_000,
    });
    const uneven = await one(`
      select count(*)::int from (
        select from consent_event group by subject having count(*) <> 4) as other`);
    expect(uneven).toEqual({ count: 0 });
  });

  it('has all its indexes', async () => {
    const indexes = await one(`
      select array_agg(indexname::text order by indexname) as names from pg_indexes
      where tablename = 'consent_event'`);
    expect(indexes).toEqual({
      names: ['consent_event_pkey', 'consent_event_record', 'consent_event_subject'],
    });
  });

  it('numbers persons as the directory does, which goes on from there', async () => {
    const directory = new SubjectDirectory(database.knex, 10_000, seal);
    const numbers = await directory.numbersOf(subjectType, [0, 1_999, 2_000].map(idOf));
    expect(new Set(numbers).size).toBe(3);
    expect(await one('select count(*)::int from subject')).toEqual({ count: 2_001 });
    expect(await one('select count(*)::int from subject_lot')).toEqual({ count: 65_536 - 2_001 });
  });
});

it('measures a small ledger and prints every figure', { timeout: 120_000 }, async () => {
  const { stdout } = await bench('ledger', '--json', '--subjects', '2000', '--events', '3');
  const { ledger } = JSON.parse(stdout) as { ledger: Readonly<Record<string, unknown>> };
  const spread = { median: expect.any(Number), p95: expect.any(Number) };
  expect(ledger).toMatchObject({
    subjects: 2_000,
    events: 6_000,
    purposes: 8,
    memory_1m_mb: null,
    bytes_per_subject: expect.any(Number),
    cold_batch_ms: { 1: spread, 100: spread, 1000: spread },
    warm_batch_ms: expect.any(Number),
    events_per_second: {
      import: expect.any(Number),
      single_1: expect.any(Number),
      single_8: expect.any(Number),
      single_32: expect.any(Number),
    },
    follow_ms: { 0: spread, 1000: spread },
  });
});

it('says what it takes to measure and refuses what it does not know', async () => {
  expect((await bench('--help')).stdout).toContain('ledger');
  await expect(bench('ledger', '--subjects', '12')).rejects.toThrow('--subjects');
  await expect(bench('leger')).rejects.toThrow('ledger');
});
