import type { DocumentNode } from 'graphql';
import { BoundedMap } from '../core/bounded-map.ts';
import { createKnownDocuments, hashIn, weightOf, type KnownDocuments } from './known-documents.ts';

/** Characters of documents kept; parsed, each takes about 65 bytes of memory. */
const mostRegistered = 1_000_000;

/**
 * Documents that Apollo has parsed and found valid, by the SHA-256 of their text. Those of registered
 * operations have a room of their own, so that no flood of documents that nobody has seen before
 * pushes them out; the others are shared fairly between the clients.
 *
 * @param isRegistered whether a hash is that of an operation registered and in use
 */
export const createDocumentRooms = (
  isRegistered: (sha256: string) => boolean,
  others: KnownDocuments = createKnownDocuments(),
): KnownDocuments => {
  const registered = new BoundedMap<string, DocumentNode>(mostRegistered);
  const find = (sha256: string): DocumentNode | undefined =>
    registered.get(sha256) ?? others.find(sha256);
  return {
    find,
    expect: (sha256, client, onKnown) => others.expect(sha256, client, onKnown),
    met: (sha256) => others.met(sha256),
    get: (key) => Promise.resolve(find(hashIn(key))),
    set: (key, document) => {
      if (!isRegistered(hashIn(key))) return others.set(key, document);
      others.met(hashIn(key));
      registered.set(hashIn(key), document, weightOf(document));
      return Promise.resolve();
    },
    delete: async (key) =>
      [registered.delete(hashIn(key)), await others.delete(key)].includes(true),
  };
};
