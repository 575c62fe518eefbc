import { fileURLToPath } from 'node:url';
import type { Config } from '../src/config/config.ts';
import { subjectKey } from './ledger/people.ts';

/** Where one serving process keeps its things and finds the others'. */
export interface Place {
  readonly dataDir: string;
  readonly databaseUrl: string;
  readonly shopUrl: string;
  readonly keySet: string;
}

/** The configuration of a gateway as it runs in production: no demo, no introspection, no log. */
export const configFor = ({ dataDir, databaseUrl, shopUrl, keySet }: Place): Config => ({
  demo: false,
  host: '127.0.0.1',
  port: 0,
  dataDir,
  databaseUrl,
  subjectKey: subjectKey.toString('base64'),
  schemaDir: fileURLToPath(new URL('schema', import.meta.url)),
  loadSampleShop: false,
  sources: new Map([
    [
      'shop',
      {
        name: 'shop',
        kind: 'postgres',
        at: { url: shopUrl },
        schema: 'public',
        poolSize: 10,
        // A machine that is busy with something else should make the run slow, not fail it.
        timeoutMs: 60_000,
        prepare: true,
      },
    ],
  ]),
  identity: {
    jwks: { file: keySet },
    issuer: 'sayso-demo',
    audience: 'sayso',
    algorithms: ['EdDSA'],
    toleranceSeconds: 10,
    subjectClaim: 'sub',
    recentSignInSeconds: 900,
  },
  modules: {},
  audit: { origin: 'bench.local', witnesses: [] },
  limits: {
    maxDepth: 12,
    maxAliases: 30,
    maxTokens: 2_000,
    maxBodyBytes: 256_000,
    defaultPageSize: 20,
    maxPageSize: 1_000,
    maxRows: 50_000,
    maxSnapshotSubjects: 1_000_000,
  },
  introspection: false,
  shadow: 0.001,
  operations: 'ANY',
  logLevel: 'silent',
});
