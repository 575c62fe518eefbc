import type { DocumentNode } from 'graphql';
import { FairCache } from './fair-cache.ts';

/** Characters of documents kept; parsed, each takes about 65 bytes of memory. */
const mostCharacters = 1_000_000;
/** Documents on their way to be parsed; there is one, and what never got there is forgotten. */
const mostExpected = 100;

const owners = new WeakMap<DocumentNode, string>();

/** The client that was first to send a document; empty where nobody knows. */
export const ownerOf = (document: DocumentNode): string => owners.get(document) ?? '';

const hashIn = (key: string): string => key.slice(-64);

/** Documents that were parsed and found valid: what Apollo Server asks for as `documentStore`. */
export interface KnownDocuments {
  /** @param sha256 of its text, hexadecimal */
  has(sha256: string): boolean;
  /** Says whose the document is that is about to be parsed. */
  expect(sha256: string, client: string): void;
  /** Apollo's keys end in the hash. */
  get(key: string): Promise<DocumentNode | undefined>;
  set(key: string, document: DocumentNode): Promise<void>;
  delete(key: string): Promise<boolean>;
}

/** Bounded by their length; a client with ever new ones pushes out its own. */
export const createKnownDocuments = (most = mostCharacters): KnownDocuments => {
  const documents = new FairCache<string, DocumentNode>(most);
  const expected = new Map<string, string>();
  return {
    has: (sha256) => documents.has(sha256),
    expect: (sha256, client) => {
      expected.set(sha256, client);
      const [oldest] = expected.keys();
      if (expected.size > mostExpected && oldest !== undefined) expected.delete(oldest);
    },
    get: (key) => Promise.resolve(documents.get(hashIn(key))),
    set: (key, document) => {
      const hash = hashIn(key);
      const client = expected.get(hash) ?? '';
      expected.delete(hash);
      owners.set(document, client);
      documents.set(client, hash, document, 1 + (document.loc?.end ?? Infinity));
      return Promise.resolve();
    },
    delete: (key) => Promise.resolve(documents.delete(hashIn(key))),
  };
};
