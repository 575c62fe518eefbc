import type pg from 'pg';
import { ConfigError } from '../core/errors.ts';
import { withClient } from './connection.ts';

/** Where databases are, by name, and what our own is called there. */
export interface DatabaseServer {
  readonly own: pg.ClientConfig;
  readonly embedded: boolean;
  nameThere(name: string): string;
  connection(nameThere: string): pg.ClientConfig;
}

/** Connects once, so that a wrong address stops the start with a mend and not the first request. */
export const reach = async (databaseUrl: string): Promise<void> => {
  try {
    if (!URL.canParse(databaseUrl)) throw new Error('this is not a URL');
    const once = { connectionString: databaseUrl, connectionTimeoutMillis: 10_000 };
    await withClient(once, (client) => client.query('select 1'));
  } catch (cause) {
    const { message, code } = cause as { message: string; code?: string };
    const problem = {
      // INVARIANT: never the URL itself; it holds a password.
      where: 'DATABASE_URL',
      what: `the database cannot be reached (${message === '' ? (code ?? 'unknown') : message})`,
      mend: 'check that it runs, and the host, user, password and database of the URL',
    };
    throw Object.assign(new ConfigError([problem]), { cause });
  }
};

/** The server of a URL, which others may use too: our further databases there are called `sayso_…`. */
export const outsideServer = (databaseUrl: string): DatabaseServer => ({
  own: { connectionString: databaseUrl },
  embedded: false,
  nameThere: (name) => `sayso_${name}`,
  connection: (name) => {
    const url = new URL(databaseUrl);
    url.pathname = `/${name}`;
    return { connectionString: url.href };
  },
});

/** Our own server, by its socket and as the role `sayso`. */
export const embeddedServer = (socketDir: string, password: string): DatabaseServer => {
  const connection = (name: string): pg.ClientConfig => ({
    host: socketDir,
    port: 5432,
    user: 'sayso',
    password,
    database: name,
    // Else PGSSLMODE in our environment, meant for another server, would apply.
    ssl: false,
  });
  return { own: connection('sayso'), embedded: true, nameThere: (name) => name, connection };
};
