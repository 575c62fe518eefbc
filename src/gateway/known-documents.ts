import type { DocumentNode } from 'graphql';
import { FairCache } from './fair-cache.ts';

/** Characters of documents kept; parsed, each takes about 65 bytes of memory. */
const mostCharacters = 1_000_000;
/** Documents on their way to be parsed; there is one, and what never got there is forgotten. */
const mostExpected = 100;

const owners = new WeakMap<DocumentNode, string>();

/** The client that was first to send a document; empty where nobody knows. */
export const ownerOf = (document: DocumentNode): string => owners.get(document) ?? '';

/** The hash of a text in one of Apollo's keys. */
export const hashIn = (key: string): string => key.slice(-64);

/** What a document counts for where they are bounded by their length. */
export const weightOf = ({ loc }: DocumentNode): number => 1 + (loc?.end ?? Infinity);

/** Documents that were parsed and found valid: what Apollo Server asks for as `documentStore`. */
export interface KnownDocuments {
  /** @param sha256 of its text, hexadecimal */
  find(sha256: string): DocumentNode | undefined;
  /**
   * Says whose the document is that is about to be parsed.
   * @param onKnown told when it was, and is kept
   */
  expect(sha256: string, client: string, onKnown?: () => void): void;
  /** The client that a document was expected of, which is told that it is known. */
  met(sha256: string): string | undefined;
  /** Apollo's keys end in the hash. */
  get(key: string): Promise<DocumentNode | undefined>;
  set(key: string, document: DocumentNode): Promise<void>;
  delete(key: string): Promise<boolean>;
}

/** Bounded by their length; a client with ever new ones pushes out its own. */
export const createKnownDocuments = (most = mostCharacters): KnownDocuments => {
  const documents = new FairCache<string, DocumentNode>(most);
  const expected = new Map<string, { readonly client: string; readonly onKnown: () => void }>();
  const met = (sha256: string): string | undefined => {
    const one = expected.get(sha256);
    expected.delete(sha256);
    one?.onKnown();
    return one?.client;
  };
  return {
    met,
    find: (sha256) => documents.get(sha256),
    expect: (sha256, client, onKnown = () => undefined) => {
      expected.set(sha256, { client, onKnown });
      const [oldest] = expected.keys();
      if (expected.size > mostExpected && oldest !== undefined) expected.delete(oldest);
    },
    get: (key) => Promise.resolve(documents.get(hashIn(key))),
    set: (key, document) => {
      const hash = hashIn(key);
      const client = met(hash) ?? '';
      owners.set(document, client);
      documents.set(client, hash, document, weightOf(document));
      return Promise.resolve();
    },
    delete: (key) => Promise.resolve(documents.delete(hashIn(key))),
  };
};
