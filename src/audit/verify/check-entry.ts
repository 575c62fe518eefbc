import { SaysoError } from '../../core/errors.ts';
import { hashLeaf } from '../../tlog/merkle.ts';
import { decodeEntry } from '../decode-entry.ts';
import type { LoggedEntry } from '../entry.ts';
import type { EntryColumns } from './log-source.ts';

/** Whether these bytes are the entry that a leaf hash of the log stands for. */
export const isEntryOf = (bytes: Uint8Array, hash: Uint8Array): boolean =>
  Buffer.compare(hashLeaf(bytes), hash) === 0;

/** The entry, or what is wrong with its bytes. */
export const readEntry = (bytes: Uint8Array): LoggedEntry | string => {
  try {
    return decodeEntry(bytes);
  } catch (error) {
    if (error instanceof SaysoError) return error.message;
    throw error;
  }
};

/** What is wrong with the columns that the database finds an entry by. */
export const checkColumns = (
  { id, at, hash }: EntryColumns,
  entry: LoggedEntry | string,
  leaf: Buffer,
): readonly string[] => {
  const wrong: string[] = [];
  if (!leaf.equals(hash)) wrong.push('its column `hash` is not the hash of its bytes');
  if (typeof entry === 'string') return wrong;
  if (id !== entry.id) wrong.push('its column `id` names another');
  if (at.getTime() !== entry.at.getTime()) wrong.push('its column `at` says another time');
  return wrong;
};
