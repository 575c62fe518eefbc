import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type App } from '../../src/app.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { openDatabase } from '../../src/database/open-database.ts';
import { demoCallers, sampleQueries } from '../../src/sample/sample-queries.ts';
import { replay, type Replayed } from './replay.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sayso-replay-'));
const dataDir = join(folder, 'data');
let app: App;
beforeAll(async () => {
  app = await startApp(parseConfig({ SAYSO_DATA: dataDir, PORT: '0', SAYSO_LOG: 'silent' }, root));
});
afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Caller {
  readonly client?: string;
  readonly scopes?: readonly string[];
  readonly subject?: string;
  readonly roles?: readonly string[];
  readonly purpose?: string;
  readonly gpc?: boolean;
}

const ask = async (query: string, caller: Caller): Promise<Record<string, unknown>> => {
  const token = await app.issuer?.mint({
    client: caller.client ?? 'test',
    scope: caller.scopes?.join(' ') ?? `purpose:${caller.purpose ?? 'none'}`,
    ...(caller.subject !== undefined && { subject: caller.subject }),
    ...(caller.roles && { roles: [...caller.roles] }),
  });
  const { body } = await app.server.inject({
    method: 'POST',
    url: '/graphql',
    headers: {
      authorization: `Bearer ${token ?? ''}`,
      ...(caller.purpose !== undefined && { 'sayso-purpose': caller.purpose }),
      ...(caller.gpc && { 'sec-gpc': '1' }),
    },
    payload: { query },
  });
  return JSON.parse(body) as Record<string, unknown>;
};

const done = async (query: string, caller: Caller): Promise<void> => {
  expect((await ask(query, caller))['errors'], query).toBeUndefined();
};

const replayed = async (): Promise<Replayed> => {
  const database = await openDatabase({
    config: { dataDir },
    role: 'command',
    log: () => undefined,
  });
  try {
    return await replay(database.knex);
  } finally {
    await database.close();
  }
};

const everything = `{
  customers(first: 200) { nodes {
    id name birthDate ageBand email phone street postcode city country
    favouriteDepartment { name } wishes { interests clothingSize }
    orders(first: 3) { id placedAt status total paidBy staffNote customer { name }
      lines { quantity unitPrice product { name reviews(first: 2) { stars author { name city } } } } }
    reviews { text stars author { email } }
    activity { ... on Order { total } ... on Review { stars } }
    referredBy { name referredBy { email } }
    loyalty { tier points } boughtProfile { incomeBand inferredInterest }
  } }
}`;
const purposes = [
  ...['FULFILMENT', 'SUPPORT', 'PERSONALIZATION', 'RECOMMENDATIONS', 'LOYALTY_OFFERS'],
  ...['ADVERTISING', 'FRAUD_PREVENTION', 'SERVICE_IMPROVEMENT', 'ACCOUNTING'],
];
const agent: Caller = { client: 'desk', scopes: ['consent:write'] };

const lookAtAll = async (): Promise<void> => {
  for (const purpose of purposes) {
    for (const gpc of [false, true])
      await done(everything, { purpose, gpc, ...(gpc && { roles: ['staff'] }) });
  }
};

describe('a replay of the sample shop', () => {
  it('finds no difference, whatever was asked and said', { timeout: 240_000 }, async () => {
    for (const { query } of sampleQueries) {
      for (const { client, scopes, subject, claims } of demoCallers)
        await ask(query, {
          client,
          scopes,
          ...(subject !== undefined && { subject }),
          ...(Array.isArray(claims?.['roles']) && { roles: claims['roles'] as string[] }),
        });
    }
    await lookAtAll();
    for (let id = 1; id <= 12; id += 1) {
      const self = { subject: String(id) };
      const payload = { ...self, purpose: 'RECOMMENDATIONS' };
      await done(
        `mutation { giveConsent(purpose: RECOMMENDATIONS) { head customer { country orders { total } } } }`,
        payload,
      );
      await done(
        'mutation { giveConsent(purpose: LOYALTY_OFFERS, notice: { id: "loyalty-offers" }) { head } }',
        self,
      );
      if (id % 2)
        await done('mutation { withdrawConsent(purpose: PERSONALIZATION) { head } }', self);
      if (id % 3 === 0)
        await done('mutation { objectToProcessing(purpose: FRAUD_PREVENTION) { head } }', self);
      if (id % 4 === 0) await done('mutation { refuseConsent { head } }', self);
      if (id % 5 === 0) await done('{ me { id } }', { ...self, gpc: true });
      await done(
        `mutation { declare(for: [RECOMMENDATIONS], wishes: { interests: ["kites"], clothingSize: M }) { head } }`,
        self,
      );
      await done(
        '{ me { id place held { fields } export all: export(scope: ALL) purposes { purpose used } history(first: 3) { position } } }',
        self,
      );
      const soon = new Date(Date.now() + 1_000).toISOString();
      await done(
        `mutation { giveConsent(purpose: ADVERTISING, notice: { id: "advertising" }, validUntil: "${soon}", subject: { id: "${20 + id}" }) { head } }`,
        agent,
      );
      await done(
        `mutation { requestConsent(purpose: ADVERTISING, subject: { id: "${40 + id}" }) { head } }`,
        agent,
      );
    }
    await lookAtAll();
    for (const id of ['3', '8', '25', '60'])
      await done(`mutation { erase(subject: { id: "${id}" }) { complete } }`, agent);
    await ask('mutation { erase { complete } }', { subject: '9' });
    await lookAtAll();
    await done('{ products(first: 5) { nodes { name } } }', {});
    await ask('{ customers { nodes { id } } }', {});
    await ask('{ nothing }', { purpose: 'SUPPORT' });
    await ask('{ customers { nodes { id } } }', { purpose: 'NO_SUCH' });

    const { summary, differences } = await replayed();
    expect(differences).toEqual([]);
    expect(summary.lost).toEqual([]);
    expect(summary.entries).toBeGreaterThan(100);
    expect(summary.derived).toBeGreaterThan(100_000);
    expect(summary.onPlace).toBeGreaterThan(100);
    expect(summary.notDerivable).toBeGreaterThan(100);
  });
});
