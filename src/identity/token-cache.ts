import { hash } from 'node:crypto';
import type { Caller } from './caller.ts';

interface Entry {
  readonly caller: Caller;
  readonly until: number;
}

/** Callers of tokens verified a moment ago. Holds no token, only its SHA-256. */
export interface TokenCache {
  readonly get: (token: string, now: number) => Caller | undefined;
  /** Keeps a caller until `until` (milliseconds) at most; sooner if the place is needed. */
  readonly put: (token: string, caller: Caller, until: number) => void;
  readonly clear: () => void;
}

const nameOf = (token: string): string => hash('sha256', token, 'base64');

/** A least-recently-used cache of at most `capacity` callers. */
export const createTokenCache = (capacity: number): TokenCache => {
  // A `Map` keeps the order of insertion, so its first key is the one used longest ago.
  const entries = new Map<string, Entry>();
  /** Its last key, mostly asked for again: unless it is gone. */
  let newest = '';
  return {
    get: (token, now) => {
      const name = nameOf(token);
      const entry = entries.get(name);
      if (!entry) return undefined;
      const isOver = now >= entry.until;
      if (isOver || name !== newest) entries.delete(name);
      if (isOver) return undefined;
      if (name !== newest) entries.set(name, entry);
      newest = name;
      return entry.caller;
    },
    put: (token, caller, until) => {
      const name = nameOf(token);
      entries.delete(name);
      entries.set(name, { caller, until });
      newest = name;
      const [oldest] = entries.keys();
      if (entries.size > capacity && oldest !== undefined) entries.delete(oldest);
    },
    clear: () => entries.clear(),
  };
};
