import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type * as AnswerBytesModule from '../../src/gateway/answer-bytes.ts';
import type * as AnswerCacheModule from '../../src/gateway/answer-cache.ts';
import { startTestGateway, type Asks, type TestGateway } from '../setup/gateway.ts';
import { Random } from '../oracle/random.ts';
import { randomQuery } from './random-query.ts';
import { createWorld, persons, purposes } from './world.ts';

/** How many answers went out in bytes, and whether any may. */
const seen = vi.hoisted(() => ({ inBytes: 0, mayBeBytes: true }));

vi.mock('../../src/gateway/answer-bytes.ts', async (original) => {
  const real = await original<typeof AnswerBytesModule>();
  class Counted extends real.AnswerBytes {
    constructor(...made: ConstructorParameters<typeof real.AnswerBytes>) {
      super(...made);
      seen.inBytes += 1;
    }
  }
  return { ...real, AnswerBytes: Counted };
});
vi.mock('../../src/gateway/answer-cache.ts', async (original) => {
  const real = await original<typeof AnswerCacheModule>();
  class Switched extends real.AnswerCache {
    override answer(...asked: Parameters<InstanceType<typeof real.AnswerCache>['answer']>) {
      return seen.mayBeBytes ? super.answer(...asked) : undefined;
    }
  }
  return { ...real, AnswerCache: Switched };
});

// Another seed finds other queries: SAYSO_TEST_SEED=… npx vitest run test/answer
const seed = Number(process.env['SAYSO_TEST_SEED'] ?? Date.now() % 1_000_000_000);
const count = Number(process.env['SAYSO_TEST_QUERIES'] ?? 250);
const random = new Random(seed);
const world = createWorld(random);

let gateway: TestGateway;
const unhandled: unknown[] = [];
/** graphql-js, which each is compared with, leaves promises behind; the product hears them. */
const isOfReference = (reason: unknown): boolean =>
  /[\\/]graphql[\\/]execution[\\/]execute\.js/.test((reason as Error).stack ?? '');
const onUnhandled = (reason: unknown): void => {
  if (!isOfReference(reason)) unhandled.push(reason);
};
beforeAll(async () => {
  process.on('unhandledRejection', onUnhandled);
  process.stdout.write(`answers seed ${seed}\n`);
  gateway = await startTestGateway({
    schema: world.schema,
    sources: { shop: world.shop },
    limits: { maxAliases: 1_000, maxTokens: 50_000, maxDepth: 40 },
  });
});
afterAll(async () => {
  process.off('unhandledRejection', onUnhandled);
  await gateway.close();
});

const changes = ['giveConsent', 'refuseConsent', 'objectToProcessing', 'withdrawConsent'] as const;

const saySomething = async (): Promise<void> => {
  const purpose = random.of(purposes.slice(0, 4));
  const { body } = await gateway.ask(
    `mutation { ${random.weighted(changes.map((name, i) => [name, 4 - i] as const))}(purpose: ${purpose}) { head } }`,
    { subject: random.of(persons), purpose },
  );
  // What was never said cannot be withdrawn.
  if (body.errors) expect(body.errors[0].extensions.code).toMatch(/^CONSENT_/);
};

const entryId = /"entry":"[0-9a-f-]{36}"/;

describe('answers in bytes', () => {
  it('are to the byte what values make of the same query', async () => {
    const cursors = new Map<string, string>();
    for (const many of ['persons', 'samples', 'orders', 'lines', 'tags', 'goods']) {
      const { body } = await gateway.ask(`{ ${many}(first: 2) { pageInfo { endCursor } } }`, { purpose: 'ALL' }); // prettier-ignore
      cursors.set(many, body.data[many].pageInfo.endCursor as string);
    }
    seen.inBytes = 0;
    let plain = 0;
    for (let n = 0; n < count; n += 1) {
      if (n % 10 === 0) for (let i = 0; i < 6; i += 1) await saySomething();
      const { text, variables } = randomQuery(world, random, cursors);
      const purpose = random.chance(0.02) ? undefined : random.of(purposes);
      const asks: Asks = {
        variables,
        ...(purpose !== undefined && { purpose }),
        ...(random.chance(0.2) && { headers: { 'sec-gpc': '1' } }),
        ...(random.chance(0.1) && { subject: random.of(persons) }),
      };
      const where = `seed ${seed}, query ${n}: ${text} ${JSON.stringify(variables)} for ${purpose}`;
      const before = seen.inBytes;
      const told = await gateway.ask(text, asks).catch((error: unknown) => {
        throw new Error(where, { cause: error });
      });
      const isBytes = seen.inBytes > before;
      seen.mayBeBytes = false;
      const values = await gateway.ask(text, asks).finally(() => (seen.mayBeBytes = true));
      expect(seen.inBytes, where).toBe(before + (isBytes ? 1 : 0));
      // The order of errors is a matter of time, and ids of masked ones are drawn.
      const hasErrors = told.body.errors !== undefined || values.body.errors !== undefined;
      if (hasErrors)
        expect(JSON.stringify(told.body.data), where).toBe(JSON.stringify(values.body.data)); // prettier-ignore
      else expect(told.text.replace(entryId, ''), where).toBe(values.text.replace(entryId, ''));
      expect(told.status, where).toBe(values.status);
      expect(told.headers['content-type']).toBe(values.headers['content-type']);
      expect(told.headers['content-length'], where).toBe(String(Buffer.byteLength(told.text)));
      // Whatever has errors was made by values; nearly all the rest was not.
      if (isBytes) expect(told.body, where).not.toHaveProperty('errors');
      else if (told.body.errors === undefined && !text.includes('first: -1')) plain += 1;
    }
    process.stdout.write(
      `${seen.inBytes} of ${count} in bytes; ${plain} without errors were not\n`,
    );
    expect(seen.inBytes).toBeGreaterThan(count / 2);
    expect(plain).toBe(0);
    expect(unhandled).toEqual([]);
  }, 300_000);
});
