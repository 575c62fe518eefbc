import { buildSchema, execute, parse, type GraphQLObjectType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { pathOf, type ResponsePath } from '../../src/core/response-path.ts';
import { createPlannedExecutor } from '../../src/execution/planned-executor.ts';
import { straight, type StraightResolver } from '../../src/execution/straight.ts';

const row = 'type Row { id: ID!, n(x: Int!): Int, rows: [Row!] } type Query { rows: [Row!] }';

/** A schema whose rows' field is read straight. */
const withStraight = (name: string, read: StraightResolver<unknown>) => {
  const schema = buildSchema(row);
  const field = (schema.getType('Row') as GraphQLObjectType).getFields()[name]!;
  field.resolve = (source, _args, context, info) => read(source, context, () => info.path);
  Object.assign(field.extensions, { [straight]: read });
  return schema;
};

const rows = [{ id: 1, rows: [{ id: 11 }] }, { id: 2 }, { id: 3, rows: [{ id: 31 }, { id: 32 }] }];

describe('a field that is read straight', () => {
  it('is not resolved', () => {
    const schema = withStraight('id', (parent) => (parent as { id: number }).id + 100);
    const field = (schema.getType('Row') as GraphQLObjectType).getFields()['id']!;
    field.resolve = () => {
      throw new Error('resolved');
    };
    const planned = createPlannedExecutor(schema);
    const result = planned({ schema, document: parse('{ rows { id } }'), rootValue: { rows } });
    expect(JSON.stringify(result)).toBe(
      '{"data":{"rows":[{"id":"101"},{"id":"102"},{"id":"103"}]}}',
    );
  });

  it('gets the context, and its own path when it asks', () => {
    const paths: string[][] = [[], []];
    const texts = [createPlannedExecutor, () => execute].map((make, n) => {
      const schema = withStraight('id', (parent, context, path) => {
        paths[n]!.push(pathOf(path()).join('.'));
        expect(context).toBe('context');
        if ((parent as { id: number }).id === 31) throw new Error('not this one');
        return (parent as { id: number }).id;
      });
      const document = parse('{ rows { a: id rows { id b: id } c: id } }');
      return JSON.stringify(make(schema)({ schema, document, rootValue: { rows }, contextValue: 'context' })); // prettier-ignore
    });
    expect(paths[0]).toEqual(paths[1]);
    expect(paths[0]).toContain('rows.2.rows.0.id');
    expect(texts[0]).toBe(texts[1]);
  });

  it('is refused its path when it has returned', () => {
    const kept: (() => ResponsePath)[] = [];
    const schema = withStraight('id', (parent, _context, path) => {
      kept.push(path);
      return (parent as { id: number }).id;
    });
    void createPlannedExecutor(schema)({ schema, document: parse('{ rows { id } }'), rootValue: { rows } }); // prettier-ignore
    expect(kept).toHaveLength(3);
    for (const path of kept) expect(path).toThrow('after it had returned');
  });

  it('has its arguments looked at, since they may be wrong', () => {
    const schema = withStraight('n', () => 1);
    const document = parse('query ($x: Int) { rows { n(x: $x) } }');
    const results = [createPlannedExecutor(schema), execute].map((one) => JSON.stringify(one({ schema, document, rootValue: { rows } }))); // prettier-ignore
    expect(results[0]).toBe(results[1]);
    expect(results[0]).toContain('errors');
  });

  it('may give a promise all the same', async () => {
    const schema = withStraight('id', (parent) => Promise.resolve((parent as { id: number }).id));
    const result = await createPlannedExecutor(schema)({ schema, document: parse('{ rows { id } }'), rootValue: { rows } }); // prettier-ignore
    expect(JSON.stringify(result)).toBe('{"data":{"rows":[{"id":"1"},{"id":"2"},{"id":"3"}]}}');
  });
});
