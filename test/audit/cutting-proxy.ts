import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';

/** Stands between a client and PostgreSQL, and can take the answer of a statement away. */
export interface CuttingProxy {
  readonly connection: pg.ClientConfig;
  /**
   * Cuts the connection at the next statement that is an INSERT: before the server sees it, or
   * after it has answered, so that the client never hears what became of it.
   */
  cutNext(when: 'before' | 'after'): void;
  /** How often it was done. */
  readonly cuts: number;
  /** Holds the next INSERT back for so long, cuts the client off at once, and then lets it through. */
  delayNext(ms: number): void;
  close(): Promise<void>;
}

/** What the server says last of the statement, which tells how many it wrote by one row. */
const complete = 'SELECT 1\0';

/** Listens on a socket of its own in front of the server of `to`. */
export const cuttingProxy = async (to: pg.ClientConfig): Promise<CuttingProxy> => {
  const folder = await mkdtemp(join(tmpdir(), 'sayso-cut-'));
  const sockets = new Set<Socket>();
  let cut: 'before' | 'after' | undefined;
  let delay: number | undefined;
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = createConnection(`${to.host ?? ''}/.s.PGSQL.${to.port ?? 5432}`);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    let awaited = false;
    client.on('data', (data) => {
      const isInsert = data.includes('insert into audit_entry');
      if (isInsert && cut === 'before') {
        cut = undefined;
        cuts += 1;
        client.destroy();
        upstream.destroy();
        return;
      }
      if (isInsert && delay !== undefined) {
        const ms = delay;
        delay = undefined;
        client.destroy();
        setTimeout(() => upstream.write(data), ms);
        return;
      }
      if (isInsert && cut === 'after') awaited = true;
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (awaited && data.includes(complete)) {
        awaited = false;
        cut = undefined;
        cuts += 1;
        client.destroy();
        upstream.destroy();
        return;
      }
      if (!client.destroyed) client.write(data);
    });
    client.on('end', () => upstream.end());
    upstream.on('end', () => client.end());
  });
  await new Promise<void>((resolve) => server.listen(join(folder, '.s.PGSQL.5432'), resolve));
  return {
    connection: { ...to, host: folder, port: 5432 },
    cutNext: (when) => (cut = when),
    get cuts() {
      return cuts;
    },
    delayNext: (ms) => (delay = ms),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
};
