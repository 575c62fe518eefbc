import type { Knex } from 'knex';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { statement, type Statements } from '../../src/core/statement.ts';
import { openPool, withClient } from '../../src/database/connection.ts';
import { preparedStatements } from '../../src/database/prepared-statements.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';

let database: FreshDatabase;
let pool: Knex;
let statements: Statements;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.drop());
beforeEach(() => {
  pool = openPool(database.connection);
  statements = preparedStatements(pool);
});
afterEach(() => pool.destroy());

const sum = statement(
  'add',
  'select ?::int + ?::int as sum, pg_backend_pid() as pid, ?::text as text',
);
const wait = statement('wait', 'select pg_sleep(?), pg_backend_pid() as pid');
const add = async (a: number, b: number, text: string | null = null) => {
  const { rows } = await statements.ask<{ sum: number; pid: number; text: string | null }>(
    sum,
    [a, b, text],
    10_000,
  );
  return rows[0]!;
};
/** Until the connection that is kept for the next has gone back, so that knex is given the same. */
const atRest = async (): Promise<void> => {
  const tarn = (pool.client as { pool: { numUsed(): number } }).pool;
  await expect.poll(() => tarn.numUsed()).toBe(0);
};
/** What the one connection of the pool has prepared under names. */
const prepared = async (): Promise<readonly string[]> => {
  await atRest();
  const { rows } = await pool.raw<{ rows: { name: string }[] }>(
    'select name from pg_prepared_statements order by name',
  );
  return rows.map(({ name }) => name);
};

describe('a statement', () => {
  it('is prepared once for a connection, and answers with other values each time', async () => {
    const first = await add(1, 2);
    for (let i = 0; i < 10; i += 1) {
      expect(await add(i, 5, `'; drop table x; -- ${i}`)).toEqual({
        sum: i + 5,
        pid: first.pid,
        text: `'; drop table x; -- ${i}`,
      });
    }
    expect(await prepared()).toEqual([sum.name]);
  });

  it('has a name of its own, which PostgreSQL takes whole', () => {
    const other = statement('add', 'select ?::int');
    expect(other.name).not.toBe(sum.name);
    expect(other.numbered).toBe('select $1::int');
    expect(Buffer.byteLength(sum.name)).toBeLessThan(64);
  });

  it('is sent on as many connections as there are askers', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => add(i, i)));
    expect(answers.map(({ sum: got }) => got)).toEqual(answers.map((_, i) => 2 * i));
  });

  it('that fails leaves the connection usable, for itself and others', async () => {
    const { pid } = await add(1, 1);
    for (const wrong of [2_147_483_647, 'x' as unknown as number]) {
      await expect(add(wrong, 1)).rejects.toMatchObject({ code: expect.stringMatching(/^22/) });
      expect(await add(1, 1)).toMatchObject({ sum: 2, pid });
    }
    const broken = statement('broken', 'select * from nowhere where id = ?');
    for (let i = 0; i < 3; i += 1)
      await expect(statements.ask(broken, [1], 1_000)).rejects.toMatchObject({ code: '42P01' });
    expect(await add(2, 2)).toMatchObject({ sum: 4, pid });
    // What could not be prepared is prepared when it can be.
    await pool.raw('create table nowhere (id int)');
    expect((await statements.ask(broken, [1], 1_000)).rows).toEqual([]);
    await pool.raw('drop table nowhere');
  });

  it('whose values cannot be written fails alone', async () => {
    const cyclic: unknown[] = [];
    cyclic.push({ cyclic });
    for (const value of [{ cyclic }, cyclic, undefined, new Date(), 1n] as unknown as string[])
      await expect(statements.ask(sum, [1, 1, value], 1_000)).rejects.toThrow(TypeError);
    expect((await add(2, 3)).sum).toBe(5);
  });
});

describe('an answer', () => {
  it('has the values that pg alone makes', async () => {
    const select = `
      select 9007199254740991::int8 as big, 7 as int, -1::int2 as small, true as yes, false as no,
        1.5::float8 as float, 'NaN'::float8 as nan, 1.10::numeric as number, 'ü 😀'::text as text,
        ''::text as empty, null::text as missing, '\\x00ff'::bytea as bytes, ''::bytea as none,
        '{a,NULL,"b,c"}'::text[] as texts, '{}'::text[] as no_texts, '{1,2}'::int[] as ints,
        array['\\x01'::bytea] as many_bytes, '{1}'::int8[] as bigs, '{"a": [1]}'::jsonb as json,
        '2024-02-29 12:00:00.5+02'::timestamptz as at, '2024-02-29'::date as day,
        '0190b6e0-0000-7000-8000-000000000000'::uuid as id, 1 as twice, 2 as twice
      from generate_series(1, 3)`;
    const { rows, rowCount } = await pool.raw<{ rows: object[]; rowCount: number }>(select);
    const wide = statement('wide', select);
    for (let i = 0; i < 2; i += 1) {
      const answer = await statements.ask<object>(wide, [], 1_000);
      expect(answer).toStrictEqual({ rows, rowCount });
      expect(Object.keys(answer.rows[0]!)).toEqual(Object.keys(rows[0]!));
    }
  });

  it('may have no rows, or rows without columns', async () => {
    const none = statement('none', 'select 1 as a where false');
    expect(await statements.ask(none, [], 1_000)).toEqual({ rows: [], rowCount: 0 });
    const empty = statement('empty', 'select from generate_series(1, 2)');
    expect(await statements.ask(empty, [], 1_000)).toEqual({ rows: [{}, {}], rowCount: 2 });
  });

  it('gives back what was sent', async () => {
    const echo = statement(
      'echo',
      `select ?::bytea as bytes, ?::bytea[] as list, ?::text[] as texts, ?::float8 as number,
         ?::timestamptz[] as times, ?::text as missing, ?::int[] as none`,
    );
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const texts = ['', 'NULL', '"', '\\', '{,}', 'ü😀'];
    const at = new Date('2024-02-29T12:00:00.123Z');
    const values = [bytes, [bytes, Buffer.alloc(0)], texts, 0.1, [at.toISOString()], null, []];
    expect((await statements.ask(echo, values, 1_000)).rows).toEqual([
      {
        ...{ bytes, list: [bytes, Buffer.alloc(0)], texts, number: 0.1, times: [at] },
        ...{ missing: null, none: [] },
      },
    ]);
  });

  it('with a number that cannot be held is an error, and the next is right', async () => {
    const large = statement('large', 'select ?::int8 as n');
    await expect(statements.ask(large, ['9007199254740993'], 1_000)).rejects.toThrow(RangeError);
    expect((await statements.ask(large, ['-5'], 1_000)).rows).toEqual([{ n: -5 }]);
  });
});

describe('what was prepared', () => {
  it.each(['discard all', 'deallocate all'])('is sent anew after %s', async (sql) => {
    await add(1, 1);
    await atRest();
    await pool.raw(sql);
    for (let i = 0; i < 3; i += 1) expect((await add(i, 1)).sum).toBe(i + 1);
    expect(await prepared()).toEqual([sum.name]);
  });

  it('is sent anew when a table has other columns', async () => {
    await pool.raw('create table shape as select 1 as a');
    const all = statement('all', 'select * from shape where a = ?');
    expect((await statements.ask(all, [1], 1_000)).rows).toEqual([{ a: 1 }]);
    await pool.raw('alter table shape add column b int default 7');
    for (let i = 0; i < 3; i += 1)
      expect((await statements.ask(all, [1], 1_000)).rows).toEqual([{ a: 1, b: 7 }]);
    await pool.raw('drop table shape');
  });

  it('is sent once, though it writes and was not there', async () => {
    await pool.raw('create table written (n int)');
    const write = statement('write', 'insert into written values (?)');
    for (let i = 0; i < 3; i += 1) {
      expect(await statements.ask(write, [i], 1_000)).toMatchObject({ rowCount: 1 });
      await pool.raw('deallocate all');
    }
    const { rows } = await pool.raw<{ rows: unknown[] }>('select n from written order by n');
    expect(rows).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
    await pool.raw('drop table written');
  });

  it('is nothing any more, once it is clear that connections are not ours alone', async () => {
    // As behind a pooler: somebody else has it already, or what was prepared is elsewhere.
    for (let i = 0; i < 20; i += 1) {
      if (i % 2) await pool.raw(`prepare "${sum.name}" as select 'not ours'`);
      else {
        await add(0, 0);
        await atRest();
        await pool.raw('deallocate all');
      }
      expect((await add(i, 1)).sum).toBe(i + 1);
      // One failure each: the connection is begun anew.
      expect(await prepared()).not.toContain('not ours');
    }
    await pool.raw('deallocate all');
    for (let i = 0; i < 5; i += 1) expect((await add(i, 2)).sum).toBe(i + 2);
    expect(await prepared()).toEqual([]);
  });
});

describe('a server that is silent', () => {
  it('counts as unreachable, and its connection is never used again', async () => {
    const { pid } = await add(1, 1);
    const late = statements.ask(wait, [30], 300);
    await expect(late).rejects.toThrow('the database did not answer in time');
    const next = await add(1, 1);
    expect(next).toMatchObject({ sum: 2 });
    expect(next.pid).not.toBe(pid);
    // Nor does it take up a place of the pool's ten.
    const slow = Array.from({ length: 12 }, () => statements.ask(wait, [30], 300));
    await Promise.allSettled(slow);
    expect((await add(3, 1)).sum).toBe(4);
  });

  it('is one whose connection was ended, and the next asker has another', async () => {
    const { pid } = await add(1, 1);
    const waiting = statements.ask(wait, [30], 10_000);
    const ended = expect(waiting).rejects.toMatchObject({ code: '57P01' });
    await withClient(database.connection, async (client) => {
      for (let found = 0; found === 0;) {
        const { rowCount } = await client.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where pid = $1 and query like '%pg_sleep%'`,
          [pid],
        );
        found = rowCount ?? 0;
      }
    });
    await ended;
    const next = await add(5, 1);
    expect(next.sum).toBe(6);
    expect(next.pid).not.toBe(pid);
  });

  it('is one that cannot be reached at all', async () => {
    const gone = openPool({ ...database.connection, host: '127.0.0.1', port: 1 });
    await expect(preparedStatements(gone).ask(sum, [1, 1, ''], 1_000)).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
    await gone.destroy();
  });
});
