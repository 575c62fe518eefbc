import { Source } from 'graphql';
import { expect, it } from 'vitest';
import { enums, problemsOf } from './sdl.ts';

it.each([
  ['auditEntries', 'type AuditEntrie @table(source: "shop", name: "a", plural: "auditEntries")'],
  ['processing', 'type Work @table(source: "shop", name: "a", plural: "processing")'],
])('a root field that every deployment has is taken: `%s`', (field, head) => {
  const found = problemsOf([enums, new Source(`${head} { id: ID! }`, 'domain.graphql')]);
  expect(found).toHaveLength(1);
  expect(found[0]?.what).toMatch(new RegExp(`\`${field}\` of .* is taken by \`Query.${field}\``));
});
