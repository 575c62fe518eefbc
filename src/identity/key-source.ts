import { readFile, stat } from 'node:fs/promises';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  type JSONWebKeySet,
  errors,
  type JWTVerifyGetKey,
} from 'jose';
import type { IdentityConfig } from '../config/config.ts';
import { IdentityError } from '../core/errors.ts';

/** The issuer's keys (RFC 7517) as they are now. */
export interface Keys {
  readonly getKey: JWTVerifyGetKey;
  /** Another number as soon as the keys may be others, so that what they vouched for is forgotten. */
  readonly version: number;
}

/** Gives the issuer's keys; fails with `IdentityError` when they cannot be had. */
export interface KeySource {
  (): Promise<Keys>;
  /** The keys, where nothing has to be looked at first. */
  readonly atHand: () => Keys | undefined;
}

const lookAgainAfterMs = 1000;

const unreadable = (cause: unknown): IdentityError =>
  new IdentityError('the keys that tokens are checked with cannot be read', { cause });

/**
 * A key set in a file, read again when the file changes. Looks at most once a second, except while
 * the file is missing or broken: then nobody is let in, and the mend counts at once.
 */
const fromFile = (file: string, now: () => number): KeySource => {
  let looked = -Infinity;
  let seen = '';
  let keys: Keys | undefined;
  let looking: Promise<Keys> | undefined;

  const look = async (): Promise<Keys> => {
    looked = now();
    try {
      const { mtimeMs, size, ino } = await stat(file);
      const mark = `${mtimeMs} ${size} ${ino}`; // a replaced file has another inode
      if (keys && mark === seen) return keys;
      // The cast is checked by jose, which refuses what is not a key set.
      const set = JSON.parse(await readFile(file, 'utf8')) as JSONWebKeySet;
      keys = { getKey: createLocalJWKSet(set), version: (keys?.version ?? 0) + 1 };
      seen = mark;
      return keys;
    } catch (error) {
      looked = -Infinity;
      seen = '';
      throw unreadable(error);
    } finally {
      looking = undefined;
    }
  };

  const atHand = (): Keys | undefined => {
    const age = now() - looked;
    return age >= 0 && age < lookAgainAfterMs ? keys : undefined;
  };
  const have = (): Promise<Keys> => {
    const known = atHand();
    return known ? Promise.resolve(known) : (looking ??= look());
  };
  return Object.assign(have, { atHand });
};

// What a key set says when it was had and the token does not fit it.
const aboutToken = [
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
  errors.JOSENotSupported,
];

/**
 * A key set at an address. jose fetches it when first needed, when it is five minutes old, and for
 * a key it does not know (at most every 30 seconds, so that made-up key ids cannot flood the
 * issuer). Redirects are not followed.
 */
const fromUrl = (url: string): KeySource => {
  const remote = createRemoteJWKSet(new URL(url), {
    cacheMaxAge: 300_000,
    cooldownDuration: 30_000,
    timeoutDuration: 5000,
  });
  const getKey: JWTVerifyGetKey = async (header, token) => {
    try {
      return await remote(header, token);
    } catch (error) {
      throw aboutToken.some((kind) => error instanceof kind) ? error : unreadable(error);
    }
  };
  const keys = { getKey, version: 0 };
  return Object.assign(() => Promise.resolve(keys), { atHand: () => keys });
};

/** Opens the key set that the configuration names; nothing is read before it is needed. */
export const openKeySource = (jwks: IdentityConfig['jwks'], now: () => number): KeySource =>
  'file' in jwks ? fromFile(jwks.file, now) : fromUrl(jwks.url);
