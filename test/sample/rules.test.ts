import { createRequire } from 'node:module';
import type * as GraphQL from 'graphql';
import type * as Middleware from 'graphql-middleware';
import type * as Shield from 'graphql-shield';
import { describe, expect, it } from 'vitest';
import { rules } from '../../src/sample/rules.ts';

// All from their CommonJS builds: each knows the others' objects only by the classes it loaded itself.
const require = createRequire(import.meta.url);
const { buildSchema, graphql } = require('graphql') as typeof GraphQL;
const { rule, shield } = require('graphql-shield') as typeof Shield;
const { applyMiddleware } = require('graphql-middleware') as typeof Middleware;
const schema = applyMiddleware(
  buildSchema('type Query { note: String }'),
  shield({ Query: { note: rules({ rule }).isStaff } }),
);

const noteFor = async (roles: unknown): Promise<unknown> => {
  const contextValue = { caller: { claims: { roles } } };
  const source = '{ note }';
  const { data } = await graphql({ schema, source, contextValue, rootValue: { note: 'read' } });
  return data?.['note'];
};

describe('isStaff', () => {
  it('lets a token through whose roles hold `staff`', async () => {
    expect(await noteFor(['helper', 'staff'])).toBe('read');
  });

  it.each([[undefined], [[]], [['staffer']], ['staff'], [{ staff: true }]])(
    'stops a token whose roles are %j',
    async (roles) => {
      expect(await noteFor(roles)).toBeNull();
    },
  );
});
