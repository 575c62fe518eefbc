import { execute, GraphQLError, parse, buildSchema } from 'graphql';
import { hearAbandoned } from '../../../src/gateway/abandoned-promises.ts';

// As its parent says: what is left behind, and whether it is heard.
const [what, heard] = process.argv.slice(2);
if (heard === 'heard') hearAbandoned();

const schema = buildSchema('type Query { items: [Item!]! } type Item { later: Int! now: Int! }');
const later = new Promise((_, reject) => setTimeout(() => reject(new GraphQLError('late')), 5));
later.catch(() => undefined);

if (what === 'graphql') {
  // The first item waits and fails; the second fails at once, and takes the list with it.
  const items = [
    { later, now: 1 },
    { later: 1, now: null },
  ];
  void execute({ schema, document: parse('{ items { later now } }'), rootValue: { items } });
} else void Promise.reject(new Error('of somebody else'));

setTimeout(() => process.stdout.write('goes on'), 50);
