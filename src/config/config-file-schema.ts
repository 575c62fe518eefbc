import { z } from 'zod';
import type { Config } from './config.ts';
import { placeOf } from '../core/places.ts';
import { isHost, isWebAddress } from './parse-address.ts';
import { parseDuration, parseMonths, parseSize } from './parse-units.ts';
import { between, oneOf, short, text, whole, yesOrNo } from './setting-values.ts';
import { source } from './source-schema.ts';

/** Levels of Sayso's own log, most talkative first. */
export const logLevels: readonly Config['logLevel'][] = [
  'debug',
  'info',
  'warn',
  'error',
  'silent',
];

/** Signature algorithms for tokens: the asymmetric ones of RFC 7518, 8037 and 9864 that jose has. */
export const algorithms: readonly string[] = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

const path = text('a path', (value) => value.length > 0 && !value.includes('\0'));

const identity = z.strictObject({
  jwks: text('the https address of a key set, or its path', (value) => value.length > 0),
  issuer: text('the `iss` of the tokens', short(1000)),
  audience: text('the `aud` of the tokens', short(1000)),
  algorithms: z
    .array(oneOf(algorithms, 'an asymmetric signature algorithm'))
    .min(1)
    .default(['ES256', 'EdDSA', 'RS256']),
  tolerance: between('a time from 0s to 30s, such as `10s`', parseDuration, 0, 30_000).default(
    10_000,
  ),
  subjectClaim: text('the name of a claim', short(128)).default('sub'),
  recentSignIn: between(
    'a time from 1m to 24h, such as `15m`',
    parseDuration,
    60_000,
    86_400_000,
  ).default(900_000),
});

const webAddress = text('an http or https address', isWebAddress);
const email = (value: string) => short(254)(value) && /^[^\s@<>]+@[^\s@<>]+$/.test(value);

const controller = z.strictObject({
  name: text('the name of who is responsible', short(200)),
  address: text('a postal address on one line', short(500)),
  contact: text('whom a person turns to', short(500)),
  email: text('an e-mail address', email).optional(),
  phone: text('a telephone number', short(50)).optional(),
  url: webAddress.optional(),
  jurisdiction: text(
    'an ISO 3166 code, such as `DE` or `US-CA`',
    (value) => placeOf(value) !== undefined,
  ),
  policyUrl: webAddress.optional(),
  dataProtectionOfficer: text('a name or an address', short(500)).optional(),
  storageLocations: z
    .array(text('an ISO 3166 code or the name of a place', short(100)))
    .default([]),
  withdrawal: text('how to take a yes back, on one line', short(1000)).optional(),
});

/** A verifier key as C2SP signed-note writes it: name, hash of the key, key. */
const isVerifierKey = (value: string): boolean =>
  short(500)(value) && /^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+$/.test(value);
/** Without a scheme, as C2SP tlog-checkpoint advises; names of logs are made below it. */
const isOrigin = (value: string): boolean =>
  short(200)(value) && /^[A-Za-z0-9.-]+(?::\d{1,5})?(?:\/[A-Za-z0-9._~-]+)*$/.test(value);

const audit = z.strictObject({
  origin: text('a name such as `audit.example.com/sayso`, without `https://`', isOrigin).default(
    'sayso.local',
  ),
  retention: between(
    'a whole number of months or years, such as `36 months` or `3 years`',
    parseMonths,
    1,
    1_200,
  ).optional(),
  witnesses: z
    .array(
      z.strictObject({
        url: webAddress,
        key: text('the verifier key that `sayso witness` prints', isVerifierKey),
      }),
    )
    .max(20)
    .default([]),
});

const limits = z.strictObject({
  depth: whole(1, 100).default(12),
  aliases: whole(0, 1000).default(30),
  tokens: whole(10, 100_000).default(2000),
  body: between('a size from 1kB to 16MB, such as `256kB`', parseSize, 1000, 16_000_000).default(
    256_000,
  ),
  pageSize: whole(1, 100_000).default(20),
  maxPageSize: whole(1, 100_000).default(1000),
  rows: whole(1, 10_000_000).default(50_000),
  snapshotSubjects: whole(1, 100_000_000).default(1_000_000),
});

/**
 * Shape of the file that `SAYSO_CONFIG` names, with its defaults. Keys it does not know are
 * problems. What depends on several keys at once is judged by `checkTogether`.
 */
export const configFileSchema = z.strictObject({
  demo: yesOrNo.default(false),
  listen: z
    .strictObject({
      host: text('an IP address or host name', isHost).default('127.0.0.1'),
      port: whole(0, 65_535).default(4000),
    })
    .prefault({}),
  schema: path.optional(),
  sources: z.record(z.string(), source),
  identity: identity.optional(),
  controller: controller.optional(),
  audit: audit.prefault({}),
  rules: path.optional(),
  resolvers: path.optional(),
  limits: limits.prefault({}),
  introspection: yesOrNo.optional(),
  operations: oneOf(['ANY', 'REGISTERED_ONLY'] as const, '`ANY` or `REGISTERED_ONLY`').default(
    'ANY',
  ),
  log: oneOf(logLevels, 'a log level').default('info'),
});

/** A configuration file that has the right shape. Paths in it are still as written. */
export type ConfigFile = z.output<typeof configFileSchema>;
