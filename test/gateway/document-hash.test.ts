import { parse } from 'graphql';
import { expect, it } from 'vitest';
import { documentHash } from '../../src/gateway/document-hash.ts';

const hashOf = (text: string): string => documentHash(parse(text));
const look = (id: string): string => `query Look($n: Int = ${id}) @for(purpose: RECOMMENDATIONS) {
  c${id}: customer(id: ${id}) { id orders(first: $n, after: "${id}") { total } }
}`;

it('is the same whoever is asked about, so that nobody is found by hashing ids', () => {
  const hashes = new Set(Array.from({ length: 500 }, (_, id) => hashOf(look(String(id)))));
  expect(hashes.size).toBe(1);
  expect(hashOf('{ a(in: [1, 2]) { b } }')).toBe(hashOf('{ a(in: ["x"]) { b } }'));
  expect(hashOf('{ a(o: { id: 1 }) { b } }')).toBe(hashOf('{ a(o: {}) { b } }'));
  expect(hashOf('{ a(p: 1.5) }')).toBe(hashOf('{ a(p: 7) }'));
});

it.each([
  ['another field', '{ customer(id: 1) { id email } }'],
  ['another argument', '{ customer(key: 1) { id } }'],
  ['another name', 'query Other { customer(id: 1) { id } }'],
  ['a variable', 'query ($id: ID!) { customer(id: $id) { id } }'],
  ['a purpose', 'query @for(purpose: ADS) { customer(id: 1) { id } }'],
  ['another purpose', 'query @for(purpose: NEWS) { customer(id: 1) { id } }'],
])('is another for %s', (_what, text) => {
  const all = [
    '{ customer(id: 1) { id } }',
    'query @for(purpose: TAX) { customer(id: 1) { id } }',
    'query X { customer(id: 1) { id } }',
  ].map(hashOf);
  expect(all).not.toContain(hashOf(text));
});

it('does not hang on how a document is written', () => {
  expect(hashOf('{customer(id:1){id,name}}')).toBe(
    hashOf('# comment\nquery { c: customer(id: 2) { id name } }'),
  );
});
