import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { startApp, type App } from '../../src/app.ts';
import type { NewDocumentGate } from '../../src/gateway/new-document-gate.ts';
import type { Difference } from '../../src/gateway/shadow.ts';
import type {
  Config,
  ControllerConfig,
  Limits,
  RestSourceConfig,
  SourceConfig,
} from '../../src/config/config.ts';
import { freshDatabase, type FreshDatabase } from './database.ts';
import { testSubjectKey } from './subjects.ts';

/** Who asks, and for what, in a test. */
export interface Asks {
  /** Sent as the header; `@for` in the query does as well. */
  readonly purpose?: string;
  /** All scopes; `purpose:<purpose>` by default. */
  readonly scope?: string;
  readonly client?: string;
  readonly subject?: string;
  readonly roles?: readonly string[];
  /** Seconds since 1970 of the person's sign-in; now when absent. */
  readonly authTime?: number;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly operationName?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** The bytes as they left. */
  readonly text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into answers of many shapes
  readonly body: any;
}

export interface TestGateway {
  readonly app: App;
  readonly config: Config;
  /** Sayso's own database; each source has one of its own. */
  readonly own: FreshDatabase;
  readonly sources: ReadonlyMap<string, FreshDatabase>;
  /** Statements sent to sources since the last `statements.length = 0`. */
  readonly statements: string[];
  ask(query: string, asks?: Asks): Promise<Answer>;
  token(asks: Asks): Promise<string>;
  close(): Promise<void>;
}

export interface TestGatewayOptions {
  /** The domain SDL, by file name or as one text. */
  readonly schema: string | Readonly<Record<string, string>>;
  /** SQL that fills each source, a database that is there and stays, or an API; names as in the SDL. */
  readonly sources: Readonly<Record<string, string | FreshDatabase | RestSourceConfig>>;
  /** Files of modules. */
  readonly rules?: string;
  readonly resolvers?: string;
  readonly limits?: Partial<Limits>;
  readonly logLevel?: Config['logLevel'];
  readonly introspection?: boolean;
  readonly operations?: Config['operations'];
  readonly controller?: ControllerConfig;
  readonly witnesses?: Config['audit']['witnesses'];
  /** Documents that nobody has sent before wait their turn, as they do in a gateway; not unless told. */
  readonly gated?: boolean;
  /** Share of queries compared with graphql-js; all unless told. A difference fails the test. */
  readonly shadow?: number;
}

/** pg's settings as a URL; a socket folder goes into the query. */
export const urlOf = ({ user, password, host, port, database }: pg.ClientConfig): string => {
  const parameters = new URLSearchParams({
    user: user ?? '',
    password: typeof password === 'string' ? password : '',
    host: host ?? 'localhost',
    port: String(port ?? 5432),
  });
  return `postgres:///${database ?? ''}?${parameters.toString()}`;
};

export const testLimits: Limits = {
  maxDepth: 12,
  maxAliases: 30,
  maxTokens: 2_000,
  maxBodyBytes: 256_000,
  defaultPageSize: 20,
  maxPageSize: 1_000,
  maxRows: 50_000,
  maxSnapshotSubjects: 100_000,
};

const openGate: NewDocumentGate = {
  waiting: 0,
  noteRequest: () => undefined,
  enter: (_client, _signal, turn) => {
    turn?.held?.(() => undefined);
    return Promise.resolve();
  },
  readsFreely: () => true,
  mayRead: () => Promise.resolve(() => undefined),
};

/** A whole gateway in this process, on real databases, with its own SDL. */
export const startTestGateway = async (options: TestGatewayOptions): Promise<TestGateway> => {
  const folder = await mkdtemp(join(tmpdir(), 'sayso-test-'));
  const own = await freshDatabase();
  const made = [own];
  const sources = new Map<string, FreshDatabase>();
  const apis: [string, SourceConfig][] = [];
  for (const [name, source] of Object.entries(options.sources)) {
    if (typeof source !== 'string') {
      if ('kind' in source) apis.push([name, source]);
      else sources.set(name, source);
      continue;
    }
    const database = await freshDatabase();
    made.push(database);
    sources.set(name, database);
    await database.knex.raw(source.replaceAll('?', '\\?'));
  }
  const cleanUp = async (): Promise<void> => {
    for (const database of made.reverse()) await database.drop();
    await rm(folder, { recursive: true, force: true });
  };
  const schemaDir = join(folder, 'schema');
  await mkdir(schemaDir);
  const files =
    typeof options.schema === 'string' ? { 'domain.graphql': options.schema } : options.schema;
  for (const [name, text] of Object.entries(files)) await writeFile(join(schemaDir, name), text);
  const dataDir = join(folder, 'data');
  const config: Config = {
    demo: true,
    host: '127.0.0.1',
    port: 0,
    dataDir,
    databaseUrl: urlOf(own.connection),
    subjectKey: testSubjectKey,
    schemaDir,
    loadSampleShop: false,
    sources: new Map<string, SourceConfig>([
      ...apis,
      ...[...sources].map(([name, { connection }]): [string, SourceConfig] => [
        name,
        {
          name,
          kind: 'postgres',
          at: { url: urlOf(connection) },
          schema: 'public',
          poolSize: 4,
          timeoutMs: 2_000,
          prepare: true,
        },
      ]),
    ]),
    identity: {
      jwks: { file: join(dataDir, 'demo-jwks.json') },
      issuer: 'sayso-demo',
      audience: 'sayso',
      algorithms: ['EdDSA'],
      toleranceSeconds: 10,
      subjectClaim: 'sub',
      recentSignInSeconds: 900,
    },
    modules: {
      ...(options.rules !== undefined && { rules: options.rules }),
      ...(options.resolvers !== undefined && { resolvers: options.resolvers }),
    },
    audit: { origin: 'test.local', witnesses: options.witnesses ?? [] },
    limits: { ...testLimits, ...options.limits },
    introspection: options.introspection ?? true,
    // Every query of every test is carried out by graphql-js as well.
    shadow: options.shadow ?? 1,
    operations: options.operations ?? 'ANY',
    ...(options.controller && { controller: options.controller }),
    logLevel: options.logLevel ?? 'silent',
  };
  const statements: string[] = [];
  const onStatement = (_source: string, sql: string) => statements.push(sql);
  const differences: Difference[] = [];
  const onDifference = (difference: Difference) => differences.push(difference);
  const app = await startApp(config, {
    ...{ onStatement, onDifference },
    ...(options.gated !== true && { gate: openGate }),
  }).catch(async (error: unknown) => {
    await cleanUp();
    throw error;
  });

  const token = async (asks: Asks): Promise<string> => {
    const { purpose, scope, client, subject, roles, authTime } = asks;
    if (!app.issuer) throw new Error('a test gateway runs in demo mode');
    return app.issuer.mint({
      client: client ?? 'test-client',
      scope: scope ?? (purpose === undefined ? 'none' : `purpose:${purpose}`),
      ...(subject !== undefined && { subject }),
      ...(roles && { roles }),
      ...(authTime !== undefined && { authTime }),
    });
  };
  const ask = async (query: string, asks: Asks = {}): Promise<Answer> => {
    const { statusCode, headers, body } = await app.server.inject({
      method: 'POST',
      url: '/graphql',
      headers: {
        authorization: `Bearer ${await token(asks)}`,
        'content-type': 'application/json',
        ...(asks.purpose !== undefined && { 'sayso-purpose': asks.purpose }),
        ...asks.headers,
      },
      payload: JSON.stringify({
        query,
        variables: asks.variables,
        operationName: asks.operationName,
      }),
    });
    if (differences.length > 0)
      throw new Error(`graphql-js answers otherwise: ${JSON.stringify(differences)}`);
    return { status: statusCode, headers, text: body, body: JSON.parse(body) };
  };
  const close = async (): Promise<void> => {
    await app.close();
    await cleanUp();
  };
  return { app, config, own, sources, statements, ask, token, close };
};
