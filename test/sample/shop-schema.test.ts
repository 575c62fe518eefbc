import { readdirSync, readFileSync } from 'node:fs';
import { parse, Source, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { compilePolicy } from '../../src/policy/compile-policy.ts';
import type { DomainField, DomainType } from '../../src/policy/model.ts';
import { resolvers } from '../../src/sample/resolvers.ts';
import { rules } from '../../src/sample/rules.ts';
import { createRequire } from 'node:module';
import type * as Shield from 'graphql-shield';
import { demoCallers, sampleQueries } from '../../src/sample/sample-queries.ts';
import { sampleTables } from '../../src/sample/shop-tables.ts';

const { rule } = createRequire(import.meta.url)('graphql-shield') as typeof Shield;

const folder = (name: string) => {
  const at = new URL(`../../schema/${name}/`, import.meta.url);
  return readdirSync(at)
    .filter((file) => file.endsWith('.graphql'))
    .map((file) => new Source(readFileSync(new URL(file, at), 'utf8'), file));
};

const shop = folder('shop');
const policy = compilePolicy(
  { governance: folder('governance'), domain: shop },
  {
    sources: ['shop', 'crm'],
    rules: Object.keys(rules({ rule })),
    resolvers: Object.entries(resolvers).flatMap(([type, fields]) =>
      Object.keys(fields).map((field) => `${type}.${field}`),
    ),
  },
);
const { model, schema } = policy;
const types = [...model.types.values()];

const tableOf = (name: string) => sampleTables.find((table) => table.name === name);
const columnsOf = (name: string) => Object.keys(tableOf(name)?.columns ?? {});

/** Every `table.column` that a field reads. */
const columnsBehind = (type: DomainType, field: DomainField): string[] => {
  const own = (column: string) => `${type.table.name}.${column}`;
  if (field.kind === 'column') return [own(field.column)];
  if (field.kind === 'derived') return [];
  const { via, theirs } = field;
  const targets = field.members.flatMap((member) => {
    const { name, key } = model.types.get(member)!.table;
    return (theirs === undefined ? key : [theirs]).map((column) => `${name}.${column}`);
  });
  return [
    own(field.own),
    ...targets,
    ...(via ? [`${via.table}.${via.on}`, `${via.table}.${via.to}`] : []),
  ];
};

describe('the sample shop’s SDL', () => {
  it('parses file by file', () => {
    for (const source of shop) expect(() => parse(source)).not.toThrow();
  });

  it('has the names that scripts rely on', () => {
    const fields = [...model.types.get('Customer')!.fields.keys()];
    expect(fields).toEqual(
      expect.arrayContaining(['id', 'name', 'email', 'birthDate', 'city', 'country', 'orders']),
    );
    expect(model.purposeTree.leaves).toEqual(
      expect.arrayContaining(['RECOMMENDATIONS', 'FULFILMENT', 'ADVERTISING']),
    );
  });

  it('uses every basis, and opt-out only by place', () => {
    const bases = new Set([...model.purposes.values()].map(({ basis }) => basis));
    expect([...bases].sort()).toEqual([
      'CONSENT',
      'CONTRACT',
      'LEGAL_OBLIGATION',
      'LEGITIMATE_INTEREST',
    ]);
    expect(model.purposes.get('ADVERTISING')).toMatchObject({
      basis: 'CONSENT',
      sale: true,
      places: [{ is: 'OPT_OUT' }],
    });
  });

  it('tells for every purpose what it is and what the customer gains', () => {
    for (const { name, description, gain } of model.purposes.values()) {
      expect(description, name).toBeTruthy();
      expect(gain, name).toBeTruthy();
    }
  });

  it('gives every category a term of the Data Privacy Vocabulary', () => {
    expect(model.categoryTree.leaves.length).toBeGreaterThanOrEqual(6);
    for (const { name, dpv } of model.categories.values()) {
      expect(dpv, name).toMatch(/^dpv-pd:[A-Z][A-Za-z]+$/);
    }
  });

  it('covers every category by some purpose, so that none is held for nothing', () => {
    const used = new Set(policy.pairs.map(({ category }) => category));
    expect(model.categoryTree.leaves.filter((leaf) => !used.has(leaf))).toEqual([]);
  });

  it('marks what was bought as third-party and what was declared as zero-party', () => {
    const origins = types.flatMap(({ fields }) =>
      [...fields.values()].flatMap(({ guard }) => (guard.kind === 'shield' ? guard.origin : [])),
    );
    expect(origins).toEqual(expect.arrayContaining(['THIRD_PARTY', 'ZERO_PARTY', 'FIRST_PARTY']));
  });
});

/** What persons declare has no table of the shop's. */
const fromTables = types.filter(({ declared }) => declared !== true);

describe('SDL and tables', () => {
  it('agree on every table, its source and its key', () => {
    for (const { table } of fromTables) {
      expect(tableOf(table.name), table.name).toMatchObject({
        source: table.source,
        key: table.key,
      });
    }
  });

  it('agree on every column', () => {
    const there = new Set(
      sampleTables.flatMap(({ name }) => columnsOf(name).map((column) => `${name}.${column}`)),
    );
    const wanted = fromTables.flatMap((type) =>
      [...type.fields.values()].flatMap((field) => columnsBehind(type, field)),
    );
    const declared = types.filter((type) => type.declared).map(({ name }) => `${name}.subject`);
    expect(wanted.filter((column) => !there.has(column) && !declared.includes(column))).toEqual([]);
  });

  it('agree on the columns that name persons and places', () => {
    for (const { table, person, subject } of fromTables) {
      const named = [person?.id, person?.place, subject?.hops[0]?.own ?? subject?.column];
      for (const column of named.filter((name) => name !== undefined)) {
        expect(columnsOf(table.name)).toContain(column);
      }
    }
  });
});

describe('sample queries', () => {
  it.each(sampleQueries)('$name is a valid query', ({ query }) => {
    expect(validate(schema, parse(query))).toEqual([]);
  });

  it.each(sampleQueries)('$name declares a purpose that its caller may use', (sample) => {
    const caller = demoCallers.find(({ name }) => name === sample.caller);
    const purpose = /@for\(purpose: (\w+)\)/.exec(sample.query)?.[1];
    expect(caller?.scopes).toContain(`purpose:${purpose ?? ''}`);
  });

  it('give callers no purpose that does not exist', () => {
    const asked = demoCallers
      .flatMap(({ scopes }) => scopes)
      .filter((s) => s.startsWith('purpose:'));
    const leaves = model.purposeTree.leaves.map((name) => `purpose:${name}`);
    expect(asked.filter((scope) => !leaves.includes(scope))).toEqual([]);
  });
});
