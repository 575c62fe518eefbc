import type { DocumentNode } from 'graphql';
import { BoundedMap } from '../core/bounded-map.ts';

/** Characters of documents kept; parsed, each takes about 65 bytes of memory. */
const mostRegistered = 1_000_000;
const mostOthers = 500_000;

/** What Apollo Server asks for as `documentStore`. */
interface DocumentStore {
  get(key: string): Promise<DocumentNode | undefined>;
  set(key: string, document: DocumentNode): Promise<void>;
  delete(key: string): Promise<boolean>;
}

const hashIn = (key: string): string => key.slice(-64);
const weightOf = ({ loc }: DocumentNode): number => 1 + (loc?.end ?? Infinity);

/**
 * Documents that Apollo has parsed and found valid, by the SHA-256 of their text, bounded by their
 * length. Those of registered operations have a room of their own, so that no flood of documents
 * that nobody has seen before pushes them out.
 *
 * @param isRegistered whether a hash is that of an operation registered and in use
 */
export const createDocumentRooms = (isRegistered: (sha256: string) => boolean): DocumentStore => {
  const registered = new BoundedMap<string, DocumentNode>(mostRegistered);
  const others = new BoundedMap<string, DocumentNode>(mostOthers);
  return {
    get: (key) => Promise.resolve(registered.get(key) ?? others.get(key)),
    set: (key, document) => {
      const room = isRegistered(hashIn(key)) ? registered : others;
      room.set(key, document, weightOf(document));
      return Promise.resolve();
    },
    delete: (key) => Promise.resolve([registered.delete(key), others.delete(key)].includes(true)),
  };
};
