import { deepFreeze } from '../config/freeze.ts';
import { IdentityError } from '../core/errors.ts';
import type { Caller } from './caller.ts';

const deepest = 32;

type Claims = Readonly<Record<string, unknown>>;

/** Whether a text can name a client or a subject: short, and nothing in it that acts on a terminal or log. */
export const isName = (value: string): boolean =>
  value.length > 0 && value.length <= 256 && !/[\p{Cc}\p{Cs}]/u.test(value);

/** A name in GraphQL (spec, 2.1.9), as purposes have. */
export const isGraphqlName = (value: string): boolean => /^[_A-Za-z][_0-9A-Za-z]*$/.test(value);

const wrongForm = (claim: string): IdentityError =>
  new IdentityError(`the claim \`${claim}\` of the token has the wrong form`);

/**
 * Copies claims to objects without a prototype, so that no claim reaches `Object.prototype` and a
 * rule that asks for `claims.constructor` finds nothing. A claim `__proto__` is left out: it would
 * take effect in the next `Object.assign`. Nesting has a limit, since 8 kB of brackets use up the stack.
 */
const copyClaims = (value: unknown, depth = 0): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > deepest) throw new IdentityError('the claims of the token are nested too deep');
  if (Array.isArray(value)) return value.map((one) => copyClaims(one, depth + 1));
  const copy: Record<string, unknown> = Object.create(null) as Record<string, unknown>; // an empty object
  for (const [key, one] of Object.entries(value)) {
    if (key !== '__proto__') copy[key] = copyClaims(one, depth + 1);
  }
  return copy;
};

const asText = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : Number.isSafeInteger(value) ? String(value) : undefined;

/** Scopes from `scope` (RFC 8693, 4.2; RFC 9068, 2.2.3), else from `scp`, as some issuers write it. */
const readScopes = (claims: Claims): ReadonlySet<string> => {
  const { scope, scp } = claims;
  const value = scope ?? scp ?? '';
  const list: unknown = typeof value === 'string' ? value.split(' ') : value;
  const isList = Array.isArray(list) && list.every((one) => typeof one === 'string');
  if (!isList || (scope != null && typeof scope !== 'string'))
    throw wrongForm(scope == null ? 'scp' : 'scope');
  return new Set(list.filter((one) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(one)));
};

const readClient = (claims: Claims, sub: string): string => {
  for (const name of ['client_id', 'azp']) {
    const value = claims[name];
    if (value === undefined || value === null) continue;
    if (typeof value !== 'string' || !isName(value)) throw wrongForm(name);
    return value;
  }
  if (!isName(sub)) throw wrongForm('sub');
  return sub;
};

const readSubject = (value: unknown, client: string): string | undefined => {
  const subject = asText(value);
  if (subject === undefined || !isName(subject)) return undefined;
  return subject === client || subject === `client:${client}` ? undefined : subject;
};

/** What is no time is no proof of a sign-in, and nothing more depends on it. */
const readAuthTime = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined;

/**
 * The caller that verified claims describe, frozen all the way down since it is shared by requests.
 *
 * @throws {IdentityError} when a claim that says who calls has the wrong form; it is not skipped,
 *   as the next in line would name somebody else.
 */
export const readCaller = (payload: Claims, subjectClaim: string): Caller => {
  const claims = copyClaims(payload) as Claims; // an object stays an object
  const sub = asText(claims['sub']);
  if (!sub) throw wrongForm('sub');
  const client = readClient(claims, sub);
  const scopes = readScopes(claims);
  const mayWriteConsent = scopes.has('consent:write');
  const mayReadAudit = scopes.has('audit:read');
  const subject = readSubject(claims[subjectClaim], client);
  const authTime = readAuthTime(claims['auth_time']);
  const purposes = [...scopes]
    .filter((scope) => scope.startsWith('purpose:'))
    .map((scope) => scope.slice('purpose:'.length))
    .filter(isGraphqlName);
  return deepFreeze({
    client,
    sub,
    ...(subject !== undefined && { subject }),
    ...(authTime !== undefined && { authTime }),
    purposes: new Set(purposes),
    mayWriteConsent,
    mayReadAudit,
    scopes,
    claims,
  });
};
