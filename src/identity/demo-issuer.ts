import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  SignJWT,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from 'jose';
import { ConfigError, SaysoError } from '../core/errors.ts';
import { isGraphqlName, isName } from './read-caller.ts';

/** What a demo token says of its bearer. */
export interface MintOptions {
  readonly client: string;
  /** Scopes, separated by spaces; may be empty. */
  readonly scope: string;
  /** The person who acts for themself; the client itself when absent. */
  readonly subject?: string;
  readonly roles?: readonly string[];
  /** Seconds since 1970 of the person's sign-in; now when absent. */
  readonly authTime?: number;
  /** Eight hours when absent, 30 days at most. */
  readonly lifetimeSeconds?: number;
}

/** Signs tokens for demo mode. */
export interface DemoIssuer {
  readonly mint: (options: MintOptions) => Promise<string>;
}

const eightHours = 8 * 3600;
const thirtyDays = 30 * 24 * 3600;

const refuse = (message: string): never => {
  throw new SaysoError(message, { code: 'TOKEN_REQUEST_INVALID', status: 400 });
};

/** Writes a file whole and durable under a name of its own, then lets `publish` give it its name. */
const writeAtomically = async (
  path: string,
  content: string,
  mode: number,
  publish: (from: string, to: string) => Promise<void>,
): Promise<void> => {
  const draft = `${path}.${randomUUID()}`;
  try {
    const file = await open(draft, 'wx', mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await publish(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
};

// `link` does not replace: of two processes that start at once the first wins, the other reads.
const publishOnce = (from: string, to: string): Promise<void> =>
  link(from, to).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // node:fs throws nothing else
  });

const cannotUse = (where: string, what: string, mend: string): ConfigError =>
  new ConfigError([{ where, what, mend }]);

const readIfThere = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch((error: unknown) => {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'; // node:fs throws nothing else
    if (code === 'ENOENT') return undefined;
    const mend = 'run as the user who started Sayso first, or make it readable';
    throw cannotUse(path, `cannot be read (${code})`, mend);
  });

const openKey = async (path: string): Promise<JWK> => {
  const stored = await readIfThere(path);
  if (stored === undefined) {
    const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
    const content = `${JSON.stringify(await exportJWK(privateKey))}\n`;
    await writeAtomically(path, content, 0o600, publishOnce);
    return openKey(path);
  }
  try {
    const { kty, crv, x, d } = JSON.parse(stored) as JWK; // judged by jose below
    const key = { kty: kty ?? '', crv: crv ?? '', x: x ?? '', d: d ?? '' };
    if (crv !== 'Ed25519') throw new TypeError('not an Ed25519 key');
    await importJWK(key, 'EdDSA');
    return key;
  } catch {
    const mend = 'delete it: a new key is made, and tokens minted before no longer count';
    throw cannotUse(path, 'is not the key that demo mode left', mend);
  }
};

const publishPublicKey = async (path: string, { kty, crv, x }: JWK, kid: string) => {
  const set = { keys: [{ kty, crv, x, kid, alg: 'EdDSA', use: 'sig' }] };
  const content = `${JSON.stringify(set)}\n`;
  if ((await readIfThere(path)) !== content) await writeAtomically(path, content, 0o644, rename);
};

const checkOptions = ({
  client,
  scope,
  subject,
  roles = [],
  authTime,
  lifetimeSeconds,
}: MintOptions) => {
  if (!/^[\x21-\x7e]{1,128}$/.test(client))
    refuse('the client must be 1 to 128 visible ASCII characters without spaces');
  const scopes = scope.split(/\s+/).filter((one) => one !== '');
  for (const one of scopes) {
    if (!/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/.test(one))
      refuse('a scope holds a quote, a backslash or a character outside ASCII (RFC 6749, 3.3)');
    if (one.startsWith('purpose:') && !isGraphqlName(one.slice('purpose:'.length)))
      refuse('a scope `purpose:` must end in the name of a purpose, such as `purpose:FULFILMENT`');
  }
  if (subject !== undefined && !isName(subject))
    refuse('the subject must be 1 to 256 characters, none of them a control character');
  if (subject !== undefined && (subject === client || subject === `client:${client}`))
    refuse('the subject names the client itself: leave it out for a token of the client');
  if (!roles.every(isName)) refuse('a role must be 1 to 256 characters, none a control character');
  const lifetime = lifetimeSeconds ?? eightHours;
  if (authTime !== undefined && !(Number.isInteger(authTime) && authTime > 0))
    refuse('the time of the sign-in must be a whole number of seconds ago');
  if (!Number.isInteger(lifetime) || lifetime < 1 || lifetime > thirtyDays)
    refuse('the lifetime must be a whole number of seconds, at most 30 days');
  return { scopes, lifetime };
};

/**
 * Opens the issuer of demo mode. Its Ed25519 key (RFC 8037) is made on first use in
 * `<dataDir>/demo-key.json`, readable by its owner only; the public half is
 * `<dataDir>/demo-jwks.json`. Processes that start at once end up with the same key.
 *
 * `mint` signs an access token in the form of RFC 9068 from `sayso-demo` for `sayso`, and throws
 * `SaysoError` `TOKEN_REQUEST_INVALID` for a client, scope, subject, role or lifetime that is none.
 *
 * @throws {ConfigError} when the key file is there and holds something else
 */
export const openDemoIssuer = async (dataDir: string): Promise<DemoIssuer> => {
  await mkdir(dataDir, { recursive: true });
  const jwk = await openKey(join(dataDir, 'demo-key.json'));
  const kid = await calculateJwkThumbprint(jwk);
  await publishPublicKey(join(dataDir, 'demo-jwks.json'), jwk, kid);
  const key = await importJWK(jwk, 'EdDSA');
  return {
    mint: async (options) => {
      const { scopes, lifetime } = checkOptions(options);
      const { client, subject = `client:${client}`, roles, authTime } = options;
      const issued = Math.floor(Date.now() / 1000);
      const person = options.subject !== undefined && { auth_time: authTime ?? issued };
      return new SignJWT({
        client_id: client,
        scope: scopes.join(' '),
        ...(roles && { roles }),
        ...person,
      })
        .setProtectedHeader({ alg: 'EdDSA', kid, typ: 'at+jwt' })
        .setIssuer('sayso-demo')
        .setAudience('sayso')
        .setSubject(subject)
        .setIssuedAt(issued)
        .setExpirationTime(issued + lifetime)
        .setJti(randomUUID())
        .sign(key);
    },
  };
};
