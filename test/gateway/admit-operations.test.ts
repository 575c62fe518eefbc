import { ApolloServer } from '@apollo/server';
import { buildSchema, parse } from 'graphql';
import { afterEach, expect, it } from 'vitest';
import {
  admitOperations,
  createAdmission,
  type AdmittedContext,
} from '../../src/gateway/admit-operations.ts';
import { createDocumentRooms } from '../../src/gateway/document-rooms.ts';
import { publicCaller } from '../../src/gateway/public-operations.ts';
import { documentSha256 } from '../../src/operations/document-sha256.ts';

const registered = new Map<string, string>();
const register = (document: string): string => {
  registered.set(documentSha256(document), document);
  return documentSha256(document);
};
const registry = {
  find: (_client: string, sha256: string) => {
    const document = registered.get(sha256);
    return Promise.resolve(document === undefined ? undefined : { document, purpose: undefined });
  },
};

let server: ApolloServer<AdmittedContext>;
let parsed: string[] = [];
const start = async (mode: 'ANY' | 'REGISTERED_ONLY'): Promise<void> => {
  parsed = [];
  server = new ApolloServer<AdmittedContext>({
    schema: buildSchema('type Query { a: Int }'),
    documentStore: createDocumentRooms((sha256) => registered.has(sha256)),
    plugins: [
      admitOperations(createAdmission(registry, mode)),
      {
        requestDidStart: () =>
          Promise.resolve({
            parsingDidStart: ({ source }) => {
              parsed.push(source);
              return Promise.resolve();
            },
          }),
      },
    ],
    stopOnTerminationSignals: false,
  });
  await server.start();
};
afterEach(() => server.stop());

const ask = async (request: { readonly query?: string; readonly hash?: string }) => {
  const contextValue: AdmittedContext = { caller: publicCaller };
  const { query, hash } = request;
  const { body } = await server.executeOperation(
    {
      ...(query !== undefined && { query }),
      ...(hash !== undefined && {
        extensions: { persistedQuery: { version: 1, sha256Hash: hash } },
      }),
    },
    { contextValue },
  );
  return body.kind === 'single' ? body.singleResult : undefined;
};

it('parses a registered operation once, whatever flood of documents comes between', async () => {
  await start('ANY');
  const text = 'query Registered { a }';
  const hash = register(text);
  for (let i = 0; i < 3; i += 1) expect((await ask({ hash }))?.data).toEqual({ a: null });
  expect(parsed).toEqual([text]);
  const flood = `# ${'x'.repeat(20_000)}`;
  for (let i = 0; i < 60; i += 1) await ask({ query: `query F${i} { a } ${flood}` });
  expect(parsed.length).toBe(61);
  await ask({ hash });
  expect(parsed.length).toBe(61);
  // The first of the flood is gone: the bound of the others holds.
  await ask({ query: `query F0 { a } ${flood}` });
  expect(parsed.length).toBe(62);
});

it('parses nothing of what is refused', async () => {
  await start('REGISTERED_ONLY');
  await ask({ query: '{ a }' });
  await ask({ query: '}} no GraphQL' });
  await ask({ query: `{ ${'a '.repeat(10_000)} }` });
  await ask({ hash: 'f'.repeat(64) });
  await ask({ query: '{ a }', hash: 'f'.repeat(64) });
  expect(parsed).toEqual(['{ __typename }']);
});

it('bounds what is kept of 10,000 registered documents', async () => {
  const rooms = createDocumentRooms(() => true);
  const keys: string[] = [];
  for (let i = 0; i < 10_000; i += 1) {
    const text = `query Q${i} { a } # ${'x'.repeat(200)}`;
    keys.push(`prefix:${documentSha256(text)}`);
    await rooms.set(keys[i]!, parse(text));
  }
  const kept = await Promise.all(keys.map((key) => rooms.get(key)));
  const lengths = kept.map((one) => one?.loc?.end ?? 0);
  expect(kept.filter(Boolean).length).toBeGreaterThan(3_000);
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBeLessThanOrEqual(1_000_000);
  expect(kept.at(-1)).toBeDefined();
  expect(await rooms.delete(keys.at(-1)!)).toBe(true);
  expect(await rooms.get(keys.at(-1)!)).toBeUndefined();
});

it('keeps a document without a length nowhere', async () => {
  const rooms = createDocumentRooms(() => true);
  await rooms.set('f'.repeat(64), parse('{ a }', { noLocation: true }));
  expect(await rooms.get('f'.repeat(64))).toBeUndefined();
});
