import { hash } from 'node:crypto';
import { BoundedMap } from '../core/bounded-map.ts';

/** Characters of texts kept with their hashes. */
const mostCharacters = 250_000;

/** Clients send the same again and again: to find a text takes a tenth of hashing it. */
const hashes = new BoundedMap<string, string>(mostCharacters);

/** SHA-256 of a document's exact text in UTF-8, 64 lower-case hexadecimal digits. */
export const documentSha256 = (text: string): string => {
  const known = hashes.get(text);
  if (known !== undefined) return known;
  const found = hash('sha256', text, 'hex');
  hashes.set(text, found, text.length + found.length);
  return found;
};
