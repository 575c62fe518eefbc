import { errors, jwtVerify, type JWTPayload, type JWTVerifyOptions } from 'jose';
import type { IdentityConfig } from '../config/config.ts';
import { IdentityError } from '../core/errors.ts';
import type { Caller } from './caller.ts';
import { explainRefusal } from './explain-refusal.ts';
import { openKeySource, type Keys } from './key-source.ts';
import { readCaller } from './read-caller.ts';
import { createTokenCache } from './token-cache.ts';

const mostBytes = 8192;
const cachedTokens = 5000;
const cachedForMs = 60_000;

/** Takes the header `Authorization` and says who calls; throws `IdentityError` (401) otherwise. */
export interface Verifier {
  (authorization: string | undefined): Promise<Caller>;
  /** The same at once for a token that was verified a moment ago, and nothing for any other. */
  readonly known: (authorization: string | undefined) => Caller | undefined;
}

const scheme = 'Bearer ';

// One spelling per token: the last letter of base64url has bits that mean nothing, and decoders
// that ignore them let a changed token pass for the same.
const isBase64url = (part: string): boolean =>
  Buffer.from(part, 'base64url').toString('base64url') === part;

/** The token in `Authorization: Bearer …` (RFC 6750, 2.1), the only scheme and the only place. */
const readBearer = (authorization: string | undefined): string => {
  if (!authorization) throw new IdentityError('no token: send `Authorization: Bearer …`');
  if (authorization.length > mostBytes + scheme.length)
    throw new IdentityError('the token is larger than 8 kB');
  const [, named, rest = ''] = /^([A-Za-z0-9-]+)(?: +(.*))?$/.exec(authorization) ?? [];
  if (named?.toLowerCase() !== 'bearer')
    throw new IdentityError('the header `Authorization` does not start with `Bearer`');
  const parts = rest.split('.');
  if (parts.length !== 3 || !parts.every((part) => part !== '' && isBase64url(part)))
    throw new IdentityError('the token is malformed');
  return rest;
};

/**
 * A token for something else is not an access token (RFC 8725, 3.11). `at+jwt` is RFC 9068's
 * name; many issuers write `JWT` or nothing.
 */
const checkType = (typ: unknown): void => {
  if (typ === undefined) return;
  const name = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : '';
  if (name !== 'jwt' && name !== 'at+jwt')
    throw new IdentityError('the token is of a type that is not for access');
};

const verifySignature = async (
  token: string,
  { getKey }: Keys,
  options: JWTVerifyOptions,
): Promise<JWTPayload> => {
  const accept = ({ payload, protectedHeader }: Awaited<ReturnType<typeof jwtVerify>>) => {
    checkType(protectedHeader.typ);
    return payload;
  };
  try {
    return accept(await jwtVerify(token, getKey, options));
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    // Without `kid`, while the issuer changes keys, several fit: one of them must have signed.
    for await (const key of error) {
      try {
        return accept(await jwtVerify(token, key, options));
      } catch (refused) {
        if (!(refused instanceof errors.JWSSignatureVerificationFailed)) throw refused;
      }
    }
    throw error;
  }
};

/**
 * Verifies access tokens: JWT (RFC 7519) signed by a key of the issuer, best practice of RFC 8725,
 * claims of RFC 9068. Algorithm, issuer, audience, `exp`, `nbf` and `iat` are checked, and `exp`,
 * `iat`, `sub` must be there. What is wrong in whatever way, the issuer's keys being out of reach
 * included, is an `IdentityError` that names the failed check and no content of the token.
 *
 * A verified token is remembered for a minute, never past its `exp` and, with keys in a file, never
 * past a change of that file. Refusals are not remembered.
 *
 * @param now milliseconds since 1970, for tests
 */
export const createVerifier = (
  config: IdentityConfig,
  now: () => number = () => Date.now(),
): Verifier => {
  const keySource = openKeySource(config.jwks, now);
  const cache = createTokenCache(cachedTokens);
  let version = -1;

  const verify = async (token: string, keys: Keys): Promise<Caller> => {
    const at = now();
    const payload = await verifySignature(token, keys, {
      algorithms: [...config.algorithms],
      issuer: config.issuer,
      audience: config.audience,
      requiredClaims: ['exp', 'iat', 'sub'],
      clockTolerance: config.toleranceSeconds,
      currentDate: new Date(at),
    });
    const { exp = 0, iat = Infinity } = payload;
    if (!Number.isFinite(exp)) throw new IdentityError('the token never expires');
    if (iat * 1000 > at + config.toleranceSeconds * 1000)
      throw new IdentityError('the token was issued in the future');
    const caller = readCaller(payload, config.subjectClaim);
    const until = Math.min(exp * 1000, at + cachedForMs);
    if (keys.version === version && until > at) cache.put(token, caller, until);
    return caller;
  };

  /** What other keys vouched for is forgotten. */
  const goBy = (keys: Keys): void => {
    if (keys.version !== version) cache.clear();
    version = keys.version;
  };

  const identify = async (authorization: string | undefined): Promise<Caller> => {
    try {
      const token = readBearer(authorization);
      const keys = await keySource();
      goBy(keys);
      return cache.get(token, now()) ?? (await verify(token, keys));
    } catch (error) {
      throw explainRefusal(error);
    }
  };

  /** Only what was found well-formed is ever kept, so the text needs no other look. */
  const known = (authorization = ''): Caller | undefined => {
    if (authorization.length > mostBytes + scheme.length || !authorization.startsWith(scheme))
      return undefined;
    const keys = keySource.atHand();
    if (keys === undefined) return undefined;
    goBy(keys);
    return cache.get(authorization.slice(scheme.length), now());
  };
  return Object.assign(identify, { known });
};
