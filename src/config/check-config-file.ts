import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { z } from 'zod';
import { checkSources } from './check-sources.ts';
import type { KeyPath } from './config-document.ts';
import { isRaw, section, type Finding, type Raw } from './finding.ts';
import { configFileSchema } from './config-file-schema.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import { isHost, isLoopback, parseJwksLocation } from './parse-address.ts';
import { restTableKeys, sourceKinds } from './source-schema.ts';

/** Prefix of the problem that demo mode would be reachable from elsewhere. */
export const demoNotLoopback = 'DEMO_NOT_LOOPBACK';

const keysAt = (path: KeyPath, raw: unknown): readonly string[] => {
  const [top, name, ...deeper] = path;
  const { shape } = configFileSchema;
  if (path.length === 0) return Object.keys(shape);
  if (top === 'sources') {
    const isRest = section(section(raw, 'sources'), String(name))['kind'] === 'rest';
    if (deeper.length > 0) return restTableKeys;
    return Object.keys(sourceKinds[isRest ? 'rest' : 'postgres'].shape);
  }
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
      mend: didYouMean(key, keysAt(path, raw)),
    }));
  if (issue.code === 'custom')
    return [{ path, what: issue.message, mend: String(issue.params?.['mend']) }];
  if (issue.code === 'invalid_union')
    return [
      { path, what: 'is not a kind of source', mend: didYouMean('', Object.keys(sourceKinds)) },
    ];
  if (issue.code === 'too_small') return [{ path, what: 'is empty', mend: 'name at least one' }];
  const kind = kinds[issue.code === 'invalid_type' ? issue.expected : ''] ?? 'a mapping';
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((at, part) => (isRaw(at) ? at[String(part)] : undefined), raw);
  const missing = path.length > 0 && isRaw(parent) && parent[String(path.at(-1))] === undefined;
  return [{ path, what: missing ? 'is missing' : `is not ${kind}`, mend: `write ${kind}` }];
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
