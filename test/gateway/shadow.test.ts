import { execute, type ExecutionArgs, type ExecutionResult } from 'graphql';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { AnswerBuffer } from '../../src/answer/answer-buffer.ts';
import { dataOf } from '../../src/gateway/answer-bytes.ts';
import type * as CarryOutModule from '../../src/gateway/carry-out.ts';
import type { CarryOutOptions } from '../../src/gateway/carry-out.ts';
import type { Journey, Turn } from '../../src/gateway/journey.ts';
import type { OperationContext } from '../../src/gateway/operation.ts';
import type { Road } from '../../src/gateway/road.ts';
import { shadowChance, type Difference } from '../../src/gateway/shadow.ts';
import type { RawRows, Source, Sources } from '../../src/sources/source.ts';
import { startTestGateway, type Asks, type TestGateway } from '../setup/gateway.ts';

/** What the gateway's own pipeline was built with, and the last operation that came through it. */
const caught = vi.hoisted(() => ({
  road: undefined as Road | undefined,
  options: undefined as CarryOutOptions | undefined,
  journey: undefined as Journey | undefined,
}));

vi.mock('../../src/gateway/carry-out.ts', async (original) => {
  const real = await original<typeof CarryOutModule>();
  const createCarryOut: typeof real.createCarryOut = (road, options) => {
    const carryOut = real.createCarryOut(road, options);
    Object.assign(caught, { road, options });
    return (journey, again) => {
      caught.journey = journey;
      return carryOut(journey, again);
    };
  };
  return { ...real, createCarryOut };
});
const { createCarryOut } = await vi.importActual<typeof CarryOutModule>(
  '../../src/gateway/carry-out.ts',
);

const schema = /* GraphQL */ `
  enum Category {
    CONTACT @category
  }
  enum Purpose {
    NEWS @purpose(covers: [CONTACT], basis: LEGITIMATE_INTEREST)
  }
  type Person @table(source: "shop", name: "person") @subject(id: "id") {
    id: ID! @open(because: "surrogate key")
    name: String @shield(category: CONTACT)
  }
  type Item @table(source: "shop", name: "item") {
    id: ID!
    must: String! @column(name: "may")
    peers: [Item!]! @join(from: "all_one", on: "all_one")
  }
`;
const shop = `
  create table person (id int primary key, name text);
  create table item (id int primary key, may text, all_one int);
  insert into person values (1, 'Secret Name'), (2, 'Other Name');
  insert into item select i, case when i > 1 then 'm' || i end, 1 from generate_series(1, 520) i;
`;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ schema, sources: { shop } });
});
afterAll(() => gateway.close());
beforeEach(() => {
  gateway.statements.length = 0;
});

/** The way of an operation up to where it is carried out. */
const journeyOf = async (query: string, asks: Asks = {}): Promise<Journey> => {
  await gateway.ask(query, asks);
  gateway.statements.length = 0;
  if (!caught.journey) throw new Error('nothing came through the pipeline');
  return caught.journey;
};

const carryingOut = (options: Partial<CarryOutOptions>, sources?: Sources) => {
  const { road, options: base } = caught;
  if (!road || !base) throw new Error('the gateway has no pipeline');
  const differences: Difference[] = [];
  const carryOut = createCarryOut(
    { ...road, ...(sources && { sources }) },
    { ...base, onDifference: (difference) => differences.push(difference), ...options },
  );
  return { carryOut, differences };
};

const textOf = ({ result }: Turn): string =>
  result instanceof AnswerBuffer ? dataOf(result).toString() : JSON.stringify(result.data);

const tampering = (tamper: (raw: RawRows) => RawRows): Sources =>
  new Map(
    [...(caught.road?.sources ?? [])].map(([name, source]): [string, Source] => {
      const tampered: Source = Object.assign(Object.create(source) as Source, {
        fetch: source.fetch.bind(source),
        fetchRaw: async (...asked: Parameters<NonNullable<Source['fetchRaw']>>) => {
          const raw = await source.fetchRaw?.(...asked);
          if (!raw) throw new Error('it has bytes');
          return tamper(raw);
        },
      });
      return [name, tampered];
    }),
  );

/** Rows whose bytes say something else than their values. */
const lying = (raw: RawRows): RawRows => {
  const { count, width, cells, kinds } = raw;
  const bytes = Buffer.from(raw.bytes.toString('latin1').replace('Secret', 'Public'), 'latin1');
  return { count, width, cells, kinds, bytes, value: raw.value.bind(raw) };
};

const persons = '{ persons { nodes { id name } } }';
const news: Asks = { purpose: 'NEWS' };
const honest =
  '{"persons":{"nodes":[{"id":"1","name":"Secret Name"},{"id":"2","name":"Other Name"}]}}';

describe('bytes that say something else than their values', () => {
  it('are never sent, are told of once, and are trusted no more', async () => {
    const journey = await journeyOf(persons, news);
    let reads = 0;
    const sources = tampering((raw) => {
      reads += 1;
      return lying(raw);
    });
    const { carryOut, differences } = carryingOut({ shadow: 1 }, sources);
    expect(textOf(await carryOut(journey))).toBe(honest);
    expect(differences).toEqual([
      { what: 'data', at: honest.indexOf('Secret'), documentHash: journey.request.documentHash },
    ]);
    expect(JSON.stringify(differences)).not.toMatch(/Secret|Public|Name/);
    expect([reads, gateway.statements.length]).toEqual([1, 1]);
    const after = await carryOut(journey);
    expect(after.result).not.toBeInstanceOf(AnswerBuffer);
    expect(textOf(after)).toBe(honest);
    expect(reads).toBe(1);
    expect(differences).toHaveLength(1);
  });

  it('are told of once where several answers differ at the same time', async () => {
    const journey = await journeyOf(persons, news);
    const { carryOut, differences } = carryingOut({ shadow: 1 }, tampering(lying));
    const turns = await Promise.all(Array.from({ length: 6 }, () => carryOut(journey)));
    for (const turn of turns) expect(textOf(turn)).toBe(honest);
    expect(differences).toHaveLength(1);
  });

  it('are not seen where nothing is compared', async () => {
    const journey = await journeyOf(persons, news);
    const { carryOut, differences } = carryingOut({ shadow: 0 }, tampering(lying));
    expect(textOf(await carryOut(journey))).toContain('Public Name');
    expect(differences).toEqual([]);
  });

  it('are seen by the share of answers that is compared', async () => {
    const journey = await journeyOf(persons, news);
    const drawn = vi.spyOn(Math, 'random');
    try {
      const { carryOut, differences } = carryingOut({ shadow: 0.25 }, tampering(lying));
      drawn.mockReturnValue(0.25);
      expect(textOf(await carryOut(journey))).toContain('Public Name');
      drawn.mockReturnValue(0.2499);
      expect(textOf(await carryOut(journey))).toBe(honest);
      expect(differences).toHaveLength(1);
    } finally {
      drawn.mockRestore();
    }
  });

  it('are seen less often in long answers, and always by the share of 1', async () => {
    const fields = Array.from({ length: 9 }, (_, i) => `${'long'.repeat(9)}${i}: id`).join(' ');
    const journey = await journeyOf(`{ items(first: 100) { nodes { ${fields} } } }`);
    const wrong = tampering((raw) => {
      const bytes = Buffer.from(raw.bytes.toString('latin1').replace('99', '98'), 'latin1');
      const { count, width, cells, kinds } = raw;
      return { count, width, cells, kinds, bytes, value: raw.value.bind(raw) };
    });
    const drawn = vi.spyOn(Math, 'random');
    try {
      const seldom = carryingOut({ shadow: 0.25 }, wrong);
      drawn.mockReturnValue(0.24);
      const { length } = textOf(await seldom.carryOut(journey));
      expect(length).toBeGreaterThan(40_000);
      expect(seldom.differences).toEqual([]);
      drawn.mockReturnValue(0.99 * shadowChance(0.25, length));
      await seldom.carryOut(journey);
      expect(seldom.differences).toHaveLength(1);
      const always = carryingOut({ shadow: 1 }, wrong);
      drawn.mockReturnValue(0.999_999);
      await always.carryOut(journey);
      expect(always.differences).toHaveLength(1);
    } finally {
      drawn.mockRestore();
    }
  });

  it('are compared by a chance that falls as answers get longer', () => {
    expect([0, 1, 32_768].map((bytes) => shadowChance(0.001, bytes))).toEqual(
      Array.from({ length: 3 }, () => 1 - 0.999),
    );
    expect(shadowChance(0.001, 3_276_800)).toBeCloseTo(0.000_01, 7);
    expect([0, 10, 1e9].map((bytes) => shadowChance(1, bytes))).toEqual([1, 1, 1]);
    expect([0, 10, 1e9].map((bytes) => shadowChance(0, bytes))).toEqual([0, 0, 0]);
  });
});

/** An executor that spoils what graphql-js makes, and counts how often it was asked. */
const spoiling = (
  spoil: (result: ExecutionResult, context: OperationContext) => ExecutionResult,
) => {
  const executor = vi.fn(async (args: ExecutionArgs) =>
    spoil(await execute(args), args.contextValue as OperationContext),
  );
  return { executor };
};

describe('an executor that is wrong', () => {
  // Null in a place of a value: it is answered by values.
  const items = '{ items(first: 3) { edges { node { must } } } a: item(id: 2) { must } }';
  const expected = '{"items":null,"a":{"must":"m2"}}';

  it.each<readonly [Difference['what'], Parameters<typeof spoiling>[0]]>([
    ['data', (result) => ({ ...result, data: { ...result.data, a: null } })],
    ['errors', ({ data }) => (data ? { data } : {})],
    ['errors', ({ errors = [], ...rest }) => ({ ...rest, errors: [...errors, ...errors].map((error, i) => (i === 0 ? error : Object.assign(Object.create(error) as typeof error, { path: ['a'] }))) })], // prettier-ignore
  ])('about %s is not heard, and not asked again', async (what, spoil) => {
    const journey = await journeyOf(items);
    const { executor } = spoiling(spoil);
    const { carryOut, differences } = carryingOut({ shadow: 1, executor });
    expect(textOf(await carryOut(journey))).toBe(expected);
    expect(differences.map((one) => one.what)).toEqual([what]);
    expect(textOf(await carryOut(journey))).toBe(expected);
    expect(executor).toHaveBeenCalledTimes(1);
    expect(differences).toHaveLength(1);
  });

  it.each<readonly [Difference['what'], (context: OperationContext) => void]>([
    [
      'withheld',
      ({ notes }) => notes.note('Person.name', 'NOT_CONSENTED', { prev: undefined, key: 'x' }),
    ],
    ['audit', ({ noteAccess }) => noteAccess(['Person.name'], 1)],
  ])('about %s is not heard', async (what, spoil) => {
    const byValues: Journey = { ...(await journeyOf(persons, news)), answer: undefined };
    const { executor } = spoiling((result, context) => {
      spoil(context);
      return result;
    });
    const { carryOut, differences } = carryingOut({ shadow: 1, executor });
    expect(textOf(await carryOut(byValues))).toBe(honest);
    expect(differences.map((one) => one.what)).toEqual([what]);
  });

  it('in what hangs on time alone is right', async () => {
    const journey = await journeyOf(
      '{ items(first: 3) { nodes { must } } b: item(id: 1) { must } }',
    );
    const { executor } = spoiling(({ errors = [], ...rest }) => ({ ...rest, errors: [...errors].reverse() })); // prettier-ignore
    const { carryOut, differences } = carryingOut({ shadow: 1, executor });
    expect(((await carryOut(journey)).result as ExecutionResult).errors).toHaveLength(2);
    expect(differences).toEqual([]);
    expect(executor).toHaveBeenCalledTimes(1);
  });

  it('in making an answer that graphql-js holds for too large is told of', async () => {
    const journey = await journeyOf('{ items(first: 520) { nodes { peers { id } } } }');
    const { executor } = { executor: () => ({ data: { items: null } }) };
    const { carryOut, differences } = carryingOut({ shadow: 1, executor });
    // By values: bytes find it out themselves.
    const byValues = carryOut({ ...journey, answer: undefined });
    await expect(byValues).rejects.toMatchObject({ code: 'ANSWER_TOO_LARGE' });
    expect(differences.map(({ what }) => what)).toEqual(['errors']);
  });
});

describe('what is carried out once only', () => {
  it.each<readonly [string, string, Asks]>([
    [
      'a mutation',
      'mutation { objectToProcessing(purpose: NEWS) { head } }',
      { ...news, subject: '2' },
    ],
    ['what a person is told of themself', '{ me { id } }', { ...news, subject: '1' }],
    ['introspection', '{ __schema { queryType { name } } me { id } }', { ...news, subject: '1' }],
  ])('%s', async (_what, query, asks) => {
    // prettier-ignore
    const journey = await journeyOf(query, asks);
    const { executor } = spoiling((result) => ({ ...result, data: { spoilt: true } }));
    const { carryOut, differences } = carryingOut({ shadow: 1, executor });
    expect(textOf(await carryOut(journey))).toBe('{"spoilt":true}');
    expect(executor).toHaveBeenCalledTimes(1);
    expect(differences).toEqual([]);
  });
});
