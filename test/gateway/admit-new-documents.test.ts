import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import fastify, { type FastifyInstance } from 'fastify';
import { parse } from 'graphql';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { documentSha256 } from '../../src/operations/document-sha256.ts';
import { admitNewDocuments } from '../../src/gateway/admit-new-documents.ts';
import { createKnownDocuments } from '../../src/gateway/known-documents.ts';
import { createNewDocumentGate } from '../../src/gateway/new-document-gate.ts';

const known = '{product(id:"%22){id}other:product(id:%22%FF"){id}}';
/** The same bytes of an address, as graphql-js is given them. */
const read = '{product(id:""){id}other:product(id:"\uFFFD"){id}}';

let app: FastifyInstance;
/** Texts that had to wait for their turn. */
let waited: string[];
beforeEach(async () => {
  waited = [];
  app = fastify();
  const documents = createKnownDocuments();
  void documents.set(documentSha256(known), parse(known));
  const gate = createNewDocumentGate();
  app.decorateRequest('caller', null);
  app.decorateRequest('asked', null);
  app.decorateRequest('largeBody', null);
  app.addHook('preHandler', admitNewDocuments({ documents, gate }));
  app.all('/graphql', ({ asked }) => {
    if (asked && !asked.document) waited.push(asked.text);
    return { text: asked?.text };
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(() => app.close());

/** Over a connection, where the address goes as it is written. */
const textOf = async (search: string): Promise<unknown> => {
  const { port } = app.server.address() as AddressInfo;
  const sent = get({ host: '127.0.0.1', port, path: `/graphql${search}`, agent: false });
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return ((await json(response)) as { text?: unknown }).text;
};

it('an address is read as Apollo Server reads it, so that no known text hides another', async () => {
  expect(await textOf(`?query=${encodeURIComponent(known)}`)).toBe(known);
  expect(waited).toEqual([]);
  expect(await textOf(`?query=${known}`)).toBe(read);
  expect(waited).toEqual([read]);
});

it.each([
  ['?query=%7Ba%7D&x=1', '{a}'],
  ['?quer%79=%7Ba+b%7D', '{a b}'],
  ['?other=1', undefined],
  ['', undefined],
])('the text in %j is %j', async (search, text) => {
  expect(await textOf(search)).toBe(text);
});
