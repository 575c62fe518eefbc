import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { z } from 'zod';
import type { KeyPath } from './config-document.ts';
import { configFileSchema, isSourceName } from './config-file-schema.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import { isHost, isLoopback, parseJwksLocation } from './parse-address.ts';

/** A problem before its place is known. */
export interface Finding {
  readonly path: KeyPath;
  readonly at?: 'key' | 'value';
  readonly what: string;
  readonly mend: string;
}

/** Prefix of the problem that demo mode would be reachable from elsewhere. */
export const demoNotLoopback = 'DEMO_NOT_LOOPBACK';

type Raw = Readonly<Record<string, unknown>>;
const isRaw = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const section = (raw: unknown, key: string): Raw => {
  const value = isRaw(raw) && Object.hasOwn(raw, key) ? raw[key] : undefined;
  return isRaw(value) ? value : {};
};

const keysAt = (path: KeyPath): readonly string[] => {
  const [top, , ...deeper] = path;
  const { shape } = configFileSchema;
  if (path.length === 0) return Object.keys(shape);
  if (top === 'sources')
    return deeper.length === 0 ? Object.keys(shape.sources.valueType.shape) : [];
  if (top === 'identity') return Object.keys(shape.identity.unwrap().shape);
  if (top === 'controller') return Object.keys(shape.controller.unwrap().shape);
  if (top === 'limits') return Object.keys(shape.limits.unwrap().shape);
  return top === 'listen' ? Object.keys(shape.listen.unwrap().shape) : [];
};

const kinds: Readonly<Record<string, string>> = { array: 'a list', object: 'a mapping' };

/** Turns zod's findings into ours: what is wrong and its mend, without any value from the file. */
export const explainShape = (issue: z.core.$ZodIssue, raw: unknown): Finding[] => {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: [...path, key],
      at: 'key' as const,
      what: 'is not a known key',
      mend: didYouMean(key, keysAt(path)),
    }));
  if (issue.code === 'custom')
    return [{ path, what: issue.message, mend: String(issue.params?.['mend']) }];
  if (issue.code === 'too_small') return [{ path, what: 'is empty', mend: 'name at least one' }];
  const kind = kinds[issue.code === 'invalid_type' ? issue.expected : ''] ?? 'a mapping';
  const missing = path.length === 1 && isRaw(raw) && raw[String(path[0])] === undefined;
  return [{ path, what: missing ? 'is missing' : `is not ${kind}`, mend: `write ${kind}` }];
};

const checkSources = (raw: Raw): Finding[] => {
  const sources = section(raw, 'sources');
  const names = Object.keys(sources);
  if (isRaw(raw['sources']) && names.length === 0)
    return [{ path: ['sources'], what: 'is empty', mend: 'name at least one source' }];
  return names.flatMap((name): Finding[] => {
    const path = ['sources', name];
    if (!isSourceName(name))
      return [
        {
          path,
          at: 'key',
          what: 'is not a name for a source',
          mend: 'use at most 63 letters, digits, `_` and `-`, a letter first',
        },
      ];
    const source = sources[name];
    if (!isRaw(source)) return [];
    const places = ['postgres', 'database'].filter((key) => Object.hasOwn(source, key));
    if (places.length === 1) return [];
    const what =
      places.length === 2
        ? 'has both `postgres` and `database`'
        : 'says neither `postgres` nor `database`';
    const mend =
      'write either `postgres:` with a URL, or `database:` for one on the PostgreSQL of Sayso itself';
    return [{ path, at: 'key', what, mend }];
  });
};

const checkWho = (raw: Raw): Finding[] => {
  const demo = raw['demo'] === true || raw['demo'] === 'true';
  const hasIdentity = Object.hasOwn(raw, 'identity');
  const host = section(raw, 'listen')['host'];
  const found: Finding[] = [];
  if (demo && hasIdentity)
    found.push({
      path: ['identity'],
      at: 'key',
      what: 'contradicts `demo: true`, in which Sayso signs tokens itself',
      mend: 'keep one of the two: `demo: true`, or `identity` for your identity provider',
    });
  const saysNo = [undefined, false, 'false'].some((no) => raw['demo'] === no);
  if (saysNo && !hasIdentity)
    found.push({
      path: [],
      what: 'does not say whose tokens to trust',
      mend: 'write `demo: true` to try Sayso with tokens that it signs itself, or `identity:` with `jwks`, `issuer` and `audience` of your identity provider',
    });
  if (demo && typeof host === 'string' && isHost(host) && !isLoopback(host))
    found.push({
      path: ['listen', 'host'],
      what: `${demoNotLoopback}: in demo mode anybody who reaches Sayso can have a token for anything, so it listens to this machine only`,
      mend: 'use `127.0.0.1`, `::1` or `localhost`, or leave demo mode by `identity:`',
    });
  return found;
};

const checkPaths = (raw: Raw, folder: string): Finding[] => {
  const jwks = section(raw, 'identity')['jwks'];
  const location = typeof jwks === 'string' && jwks ? parseJwksLocation(jwks) : undefined;
  const paths: [KeyPath, unknown, 'file' | 'folder'][] = [
    [['rules'], raw['rules'], 'file'],
    [['resolvers'], raw['resolvers'], 'file'],
    [['schema'], raw['schema'], 'folder'],
    [['identity', 'jwks'], location && 'path' in location ? location.path : undefined, 'file'],
  ];
  const missing = paths.flatMap(([path, value, kind]): Finding[] => {
    if (typeof value !== 'string' || !value || value.includes('\0')) return [];
    if (kindOfPath(resolve(folder, value)) === kind) return [];
    return [
      {
        path,
        what: `names a ${kind} that is not there`,
        mend: `name a ${kind}, relative to this one`,
      },
    ];
  });
  return location && 'what' in location
    ? [{ path: ['identity', 'jwks'], ...location }, ...missing]
    : missing;
};

/** What a path leads to; `undefined` when there is nothing, or nothing that may be looked at. */
export const kindOfPath = (path: string): 'file' | 'folder' | 'other' | undefined => {
  try {
    const stats = statSync(path);
    return stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other';
  } catch {
    return undefined;
  }
};

/**
 * Judges what no single value shows: who is trusted and who may reach it, one place for each
 * source, paths that lead somewhere. Works on raw data, so that it speaks even when values are
 * wrong elsewhere and all problems are listed together.
 */
export const checkTogether = (raw: unknown, folder: string): Finding[] =>
  isRaw(raw) ? [...checkWho(raw), ...checkSources(raw), ...checkPaths(raw, folder)] : [];
