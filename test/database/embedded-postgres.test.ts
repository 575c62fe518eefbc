import { spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../../src/database/open-database.ts';
import type { SaysoDatabase } from '../../src/database/open-database.ts';
import { readPidFile } from '../../src/database/postmaster.ts';
import { servesFolder } from '../../src/database/process-identity.ts';
import { barredFolder } from '../../src/database/server-account.ts';
import { isRoot, processesWith, run, temporaryFolder, until } from './child.ts';

const open = async (dataDir: string, lines: string[] = []): Promise<SaysoDatabase> => {
  const log = (line: string): void => void lines.push(line);
  const database = await openDatabase({ config: { dataDir }, role: 'gateway', log });
  onTestFinished(() => database.close());
  return database;
};

const kept = async (database: SaysoDatabase): Promise<readonly number[]> =>
  (await database.knex('kept').orderBy('n').select('n')).map(({ n }: { n: number }) => n);

const postmasters = (dataDir: string): readonly number[] =>
  processesWith('-D', join(dataDir, 'postgres')).filter((pid) =>
    servesFolder(pid, join(dataDir, 'postgres')),
  );

describe('embedded PostgreSQL', () => {
  it('starts in a path with a space, keeps data over a restart, and leaves nothing running', async () => {
    const dataDir = join(temporaryFolder(), 'a data "folder"');
    const first = await open(dataDir);
    const socket = String(first.connection('sayso').host);
    await first.knex.raw('create table kept (n int primary key)');
    await first.knex.raw('insert into kept values (7)');
    expect(postmasters(dataDir)).toHaveLength(1);
    expect(existsSync(join(socket, '.s.PGSQL.5432'))).toBe(true);
    await first.close();
    expect(postmasters(dataDir)).toEqual([]);
    expect(existsSync(join(socket, '..'))).toBe(false);

    const again = await open(dataDir);
    expect(await kept(again)).toEqual([7]);
    await again.close();
  });

  it('lets nobody else in and writes no value to its log', async () => {
    const dataDir = join(temporaryFolder(), 'data');
    const database = await open(dataDir);
    const settings = database.connection('sayso');
    await expect(database.knex.raw(`select 'ada@example.org'::int`)).rejects.toThrow('ada@');
    await expect(database.knex.raw(`copy (select 1) to program 'true'`)).rejects.toThrow(
      'permission',
    );
    const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
    expect(mode(join(dataDir, 'postgres.secret'))).toBe('600');
    expect(mode(join(dataDir, 'postgres'))).toBe('700');
    expect(mode(String(settings.host))).toBe('700');
    const [network] = (await database.knex.raw('show listen_addresses')).rows;
    expect(network).toEqual({ listen_addresses: '' });
    await database.close();
    expect(readFileSync(join(dataDir, 'postgres.log'), 'utf8')).not.toContain('ada@');
  });

  it.skipIf(!isRoot)('as root runs below a folder that only root may enter', async () => {
    const closed = temporaryFolder();
    chmodSync(closed, 0o700);
    const dataDir = join(closed, 'deep', 'data');
    const database = await open(dataDir);
    await database.knex.raw('select 1');
    const pid = postmasters(dataDir)[0];
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\t(?!0\t)/m);
    // Passing through folders and reading is all that it keeps of root's powers.
    expect(status).toMatch(/^CapEff:\t0000000000000004$/m);
    await database.close();
  });

  const daemon = { uid: 1, gid: 1 };
  const project = fileURLToPath(new URL('../..', import.meta.url));
  it.skipIf(!isRoot || barredFolder(project, daemon) !== undefined)(
    'runs as an ordinary user, and root may use that folder in between',
    async () => {
      const dataDir = join(temporaryFolder(), 'data');
      chmodSync(join(dataDir, '..'), 0o755);
      mkdirSync(dataDir);
      chownSync(dataDir, daemon.uid, daemon.gid);
      const first = run('owner', ['gateway', dataDir], daemon);
      expect(await first.hears('open')).toContain('"uid":1');
      first.process.stdin?.end();
      expect(await first.hears('closed')).toBeDefined();

      const byRoot = await open(dataDir);
      await byRoot.close();

      const last = run('owner', ['gateway', dataDir], daemon);
      expect(await last.hears('"')).toContain('"open":true');
      last.process.stdin?.end();
      await last.ended;
    },
  );

  it('loses nothing when its owner is killed, and replaces the orphan by one server', async () => {
    const dataDir = join(temporaryFolder(), 'data');
    const owner = run('owner', ['gateway', dataDir, 'write']);
    await owner.hears('"committed":20}');
    const [orphan = 0] = postmasters(dataDir);
    for (const watch of processesWith('sayso-postgres-watch', String(orphan))) {
      process.kill(watch, 'SIGKILL');
    }
    owner.process.kill('SIGKILL');
    await owner.ended;
    expect(postmasters(dataDir)).toEqual([orphan]);

    const lines: string[] = [];
    const database = await open(dataDir, lines);
    expect(lines.join()).toContain(`stopping the database server ${orphan}`);
    expect(postmasters(dataDir)).toHaveLength(1);
    expect(postmasters(dataDir)).not.toContain(orphan);
    const last = owner.said.filter((line) => line.includes('committed')).length;
    expect((await kept(database)).slice(0, last)).toEqual(
      [...Array(last).keys()].map((n) => n + 1),
    );
    await database.close();
  });

  it('stops when its owner is killed, throws, or is asked to end', async () => {
    const parent = temporaryFolder();
    const ends = async (name: string, how?: NodeJS.Signals): Promise<unknown> => {
      const dataDir = join(parent, name);
      const owner = run('owner', ['gateway', dataDir, ...(how ? [] : ['throw'])]);
      await owner.hears('"open"');
      if (how) owner.process.kill(how);
      const ended = await owner.ended;
      const { socket } = JSON.parse(owner.said[0] ?? '{}') as { socket: string };
      onTestFinished(() => rmSync(join(socket, '..'), { recursive: true, force: true }));
      await until(() => postmasters(dataDir).length === 0);
      return ended;
    };
    expect(await ends('data', 'SIGKILL')).toBe('SIGKILL');
    expect(await ends('data', 'SIGTERM')).toBe('SIGTERM');
    expect(await ends('data')).toBe(1);
  });

  it('starts after its cluster was left half made', async () => {
    const dataDir = join(temporaryFolder(), 'data');
    const unfinished = (): string[] =>
      existsSync(dataDir) ? readdirSync(dataDir).filter((name) => name.includes('.new-')) : [];
    const owner = run('owner', ['gateway', dataDir]);
    await until(() => unfinished().length > 0);
    owner.process.kill('SIGKILL');
    await owner.ended;
    expect(existsSync(join(dataDir, 'postgres'))).toBe(false);
    const database = await open(dataDir);
    await database.knex.raw('select 1');
    await database.close();
  });

  it('starts over the pid file of a dead server and spares the process that has its number', async () => {
    const dataDir = join(temporaryFolder(), 'data');
    const cluster = join(dataDir, 'postgres');
    const first = await open(dataDir);
    const pidFile = readFileSync(join(cluster, 'postmaster.pid'), 'utf8');
    await first.close();
    // Of the server's own account, or the server would not take it for one of its kind.
    const { uid, gid } = statSync(cluster);
    const other = spawn('sleep', ['60'], { uid, gid, cwd: '/' });
    onTestFinished(() => void other.kill());
    writeFileSync(join(cluster, 'postmaster.pid'), pidFile.replace(/^\d+/, String(other.pid)), {
      mode: 0o600,
    });
    chownSync(join(cluster, 'postmaster.pid'), uid, gid);
    const again = await open(dataDir);
    expect(readPidFile(cluster)?.pid).not.toBe(other.pid);
    expect(other.exitCode ?? other.signalCode).toBeNull();
    await again.close();
  });
});
