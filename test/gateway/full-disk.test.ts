import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type App } from '../../src/app.ts';
import { openPool } from '../../src/database/connection.ts';
import { openDatabase, type SaysoDatabase } from '../../src/database/open-database.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { testLimits, urlOf } from '../setup/gateway.ts';
import { loggedOperations } from '../setup/logged.ts';
import { testSubjectKey } from '../setup/subjects.ts';

const disk = mkdtempSync(join(tmpdir(), 'sayso-disk-'));
/** A disk that can be filled in a test: only root may make one, and not everywhere. */
const mounted = ((): boolean => {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'tmpfs', disk], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
const filler = join(disk, 'filler');

/** Takes all the room there is, but for so many bytes. */
const fill = (leave = 0): void => {
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - leave), 1));
};
const free = (): void => truncateSync(filler, 0);

describe.skipIf(!mounted)('a disk that is full', () => {
  let database: SaysoDatabase;
  let shop: FreshDatabase;
  let app: App;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sayso-test-'));
    const dataDir = join(disk, 'data');
    mkdirSync(dataDir);
    chmodSync(disk, 0o711);
    database = await openDatabase({ config: { dataDir }, role: 'command', log: () => undefined });
    shop = await freshDatabase();
    await shop.knex.raw(`
      create table customer (id int primary key, email text);
      insert into customer select n, 'c' || n || '@example.com' from generate_series(1, 50) n`);
    const schemaDir = join(folder, 'schema');
    mkdirSync(schemaDir);
    writeFileSync(
      join(schemaDir, 'domain.graphql'),
      `enum Category { EMAIL @category }
       enum Purpose { "Send what was ordered" FULFIL @purpose(covers: [EMAIL], basis: CONTRACT) }
       type Customer @table(source: "shop", name: "customer") @subject(id: "id") {
         id: ID! @open(because: "key")
         email: String @shield(category: EMAIL)
       }`,
    );
    const gatewayData = join(folder, 'data');
    app = await startApp({
      demo: true,
      host: '127.0.0.1',
      port: 0,
      dataDir: gatewayData,
      databaseUrl: urlOf(database.connection('sayso')),
      subjectKey: testSubjectKey,
      schemaDir,
      loadSampleShop: false,
      sources: new Map([
        [
          'shop',
          {
            name: 'shop',
            kind: 'postgres',
            at: { url: urlOf(shop.connection) },
            schema: 'public',
            poolSize: 4,
            timeoutMs: 5_000,
            prepare: true,
          },
        ],
      ]),
      identity: {
        jwks: { file: join(gatewayData, 'demo-jwks.json') },
        issuer: 'sayso-demo',
        audience: 'sayso',
        algorithms: ['EdDSA'],
        toleranceSeconds: 10,
        subjectClaim: 'sub',
        recentSignInSeconds: 900,
      },
      modules: {},
      audit: { origin: 'audit.test', witnesses: [] },
      limits: testLimits,
      introspection: false,
      shadow: 1,
      operations: 'ANY',
      logLevel: 'silent',
    });
  }, 120_000);
  afterAll(async () => {
    try {
      free();
    } catch {
      // Never filled.
    }
    await app.close();
    await shop.drop();
    await database.close();
    execFileSync('umount', ['-l', disk]);
    for (const one of [disk, folder]) rmSync(one, { recursive: true, force: true });
  });

  const ask = async () => {
    const token = await app.issuer!.mint({ client: 'desk', scope: 'purpose:FULFIL' });
    const { statusCode, body } = await app.server.inject({
      method: 'POST',
      url: '/graphql',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'sayso-purpose': 'FULFIL',
      },
      payload: JSON.stringify({ query: '{ customers(first: 50) { nodes { id email } } }' }),
    });
    return { status: statusCode, text: body, body: JSON.parse(body) };
  };

  it('means 503 and no data, loses no entry, and needs no restart', async () => {
    const answered: unknown[] = [];
    const before = await ask();
    expect(before.status).toBe(200);
    answered.push(before.body.extensions.sayso.entry);

    fill();
    let refused = 0;
    for (let i = 0; i < 400 && refused < 5; i += 1) {
      const answer = await ask();
      if (answer.status === 200) answered.push(answer.body.extensions.sayso.entry);
      else {
        refused += 1;
        expect(answer.text).not.toContain('example.com');
        expect(answer.body.data ?? null).toBeNull();
        // With no room for its own log the server may go down: then it is the ledger that is out of reach.
        expect(['AUDIT_UNAVAILABLE', 'LEDGER_UNAVAILABLE']).toContain(
          answer.body.errors[0].extensions.code,
        );
        expect(answer.status).toBe(503);
      }
    }
    expect(refused).toBe(5);

    free();
    let after = await ask();
    for (let i = 0; i < 40 && after.status !== 200; i += 1) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      after = await ask();
    }
    expect(after.status).toBe(200);
    answered.push(after.body.extensions.sayso.entry);
    const knex = openPool(database.connection('sayso'));
    const logged = new Set((await loggedOperations(knex)).map(({ id }) => id));
    await knex.destroy();
    expect(answered.filter((entry) => !logged.has(String(entry)))).toEqual([]);
  }, 120_000);
});
