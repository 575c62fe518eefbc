import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { ConfigError } from '../../src/core/errors.ts';
import { ensureDatabase, withClient } from '../../src/database/connection.ts';
import { openDatabase } from '../../src/database/open-database.ts';
import type { SaysoDatabase } from '../../src/database/open-database.ts';
import { freshDatabase } from '../setup/database.ts';
import { processesWith, run, temporaryFolder } from './child.ts';

const open = async (
  role: 'gateway' | 'command',
  dataDir: string,
  databaseUrl?: string,
): Promise<SaysoDatabase> => {
  const config = databaseUrl === undefined ? { dataDir } : { dataDir, databaseUrl };
  const database = await openDatabase({ config, role, log: () => undefined });
  onTestFinished(() => database.close());
  return database;
};

const serversOn = (dataDir: string): number =>
  processesWith('-D', join(dataDir, 'postgres')).length;

const outsideUrl = (database: string, user?: { name: string; password: string }): string => {
  const { host, user: name, password } = inject('pg');
  const { name: who, password: word } = user ?? { name, password };
  return `postgres://${who}:${word}@localhost/${database}?host=${encodeURIComponent(host)}`;
};

describe('the embedded database', () => {
  it('is shared by a gateway with commands, and a second gateway is refused', async () => {
    const dataDir = join(temporaryFolder(), 'data');
    const gateway = run('owner', ['gateway', dataDir]);
    expect(await gateway.hears('"')).toContain('"open":true');
    const command = await open('command', dataDir);
    await command.knex.raw('insert into kept values (1)');
    await command.close();
    expect(serversOn(dataDir)).toBe(1);

    const second = run('owner', ['gateway', dataDir]);
    expect(await second.hears('failed')).toContain('DATA_DIRECTORY_IN_USE');
    gateway.process.stdin?.end();
    await gateway.ended;
    expect(serversOn(dataDir)).toBe(0);
  });

  it('is started and stopped by a command alone, and commands take turns', async () => {
    const dataDir = join(temporaryFolder(), 'data');
    const commands = [1, 2, 3].map(async (n) => {
      const database = await open('command', dataDir);
      await database.knex.raw('create table if not exists turn (n int, other bigint)');
      await database.knex('turn').insert({ n });
      const count = (await database.knex('turn').count({ n: '*' }))[0]?.n;
      await database.close();
      return count;
    });
    expect((await Promise.all(commands)).toSorted()).toEqual([1, 2, 3]);
    expect(serversOn(dataDir)).toBe(0);
  });

  it('makes further databases for sources and reads int8 as a number there never', async () => {
    const dataDir = join(temporaryFolder(), 'data');
    const database = await open('gateway', dataDir);
    expect(await database.ensureDatabase('shop')).toBe(true);
    expect(await database.ensureDatabase('shop')).toBe(false);
    await expect(database.ensureDatabase('Shop"; drop')).rejects.toThrow('not a name');
    expect(() => database.connection('../x')).toThrow('not a name');

    const big = 'select 9007199254740991::int8 as n, $1::timestamptz as at';
    const at = '2026-02-03T04:05:06.789Z';
    const theirs = await withClient(database.connection('shop'), (c) => c.query(big, [at]));
    expect(theirs.rows).toEqual([{ n: '9007199254740991', at: new Date(at) }]);
    const ours = await database.knex.raw(big.replace('$1', '?'), [at]);
    expect(ours.rows).toEqual([{ n: 9007199254740991, at: new Date(at) }]);
    await expect(database.knex.raw('select 9007199254740993::int8')).rejects.toThrow('too large');
    expect((await database.knex.raw('select 1 as n')).rows).toEqual([{ n: 1 }]);
    await database.close();
  });
});

describe('a database of DATABASE_URL', () => {
  it('is used as it is, with further ones beside it, and no server of ours', async () => {
    const fresh = await freshDatabase();
    onTestFinished(() => fresh.drop());
    const dataDir = join(temporaryFolder(), 'data');
    const name = String(fresh.connection.database);
    const gateway = await open('gateway', dataDir, outsideUrl(name));
    expect(gateway.embedded).toBe(false);
    const [row] = (await gateway.knex.raw('select current_database() as name')).rows;
    expect(row).toEqual({ name });

    expect(await gateway.ensureDatabase(name)).toBe(true);
    const beside = await withClient(gateway.connection(name), (client) =>
      client.query('select current_database() as name'),
    );
    expect(beside.rows).toEqual([{ name: `sayso_${name}` }]);
    await gateway.knex.raw(`drop database sayso_${name}`);

    expect(existsSync(join(dataDir, 'postgres'))).toBe(false);
    expect(readdirSync(join(dataDir, 'owner'))).toEqual(['1.json']);
    await expect(open('gateway', dataDir, outsideUrl(name))).rejects.toThrow('in use');
    await expect(open('command', dataDir)).rejects.toThrow('DATABASE_URL');
    const command = await open('command', dataDir, outsideUrl(name));
    await command.knex.raw('select 1');
    await command.close();
    await gateway.close();
  });

  it('stops the start when it cannot be reached, without telling the password', async () => {
    const dataDir = join(temporaryFolder(), 'data');
    for (const url of [outsideUrl('missing'), 'postgres://u:s3cret@127.0.0.1:1/x', 's3cret@x']) {
      const refused: unknown = await open('gateway', dataDir, url).catch((e: unknown) => e);
      expect(refused).toBeInstanceOf(ConfigError);
      expect(String(refused)).toContain('cannot be reached');
      expect(String(refused)).not.toContain('s3cret');
    }
  });

  it('says what to do when its user may not make databases', async () => {
    // By a stand-in, because the role of the run may not make a role that may do less.
    const denied = Object.assign(new Error('permission denied'), { code: '42501' });
    const send = (sql: string): Promise<{ rows: unknown[] }> =>
      sql.startsWith('create') ? Promise.reject(denied) : Promise.resolve({ rows: [] });
    await expect(ensureDatabase(send, 'sayso_shop')).rejects.toThrow('CREATE DATABASE sayso_shop');
  });
});
