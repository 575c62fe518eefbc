import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { ConfigError, type Problem } from '../core/errors.ts';
import { demoNotLoopback } from './check-config-file.ts';
import type {
  AuditConfig,
  Config,
  ControllerConfig,
  IdentityConfig,
  Limits,
  RestTableConfig,
  SourceConfig,
} from './config.ts';
import { configFileSchema, type ConfigFile } from './config-file-schema.ts';
import { deepFreeze } from './freeze.ts';
import { parseJwksLocation } from './parse-address.ts';
import { readConfigFile, type ConfigFileResult } from './read-config-file.ts';
import { readEnvironment, type Environment } from './read-environment.ts';
import { sampleFile, sampleShop } from './sample-config.ts';

/**
 * Reads and checks every setting, from the environment and the file that `SAYSO_CONFIG` names; the
 * environment wins (`PORT`, `SAYSO_SCHEMA`, `SAYSO_LOG`). The result is frozen all the way down.
 *
 * Without `SAYSO_CONFIG` this is the sample shop in demo mode. `SAYSO_SCHEMA` then swaps the SDL
 * and nothing else: the sample's sources, data and modules stay, so that an edited copy of
 * `schema/shop` just works; names in the modules that the SDL lacks are no problem
 * (`modules.mayHaveSurplus`). With `SAYSO_CONFIG`, the sample's modules come only with the sample's
 * own SDL, and its data only if moreover it is demo mode and `shop` and `crm` are databases on the
 * PostgreSQL of Sayso itself: nothing is ever loaded into a source that has a URL.
 *
 * @param env usually `process.env`; nobody else reads it
 * @param cwd what relative paths in the environment are relative to
 * @throws {ConfigError} with all problems together. Values are never repeated, as they may hold
 *   secrets. Code `DEMO_NOT_LOOPBACK` if that is all that is wrong, else `CONFIG_INVALID`.
 */
export const parseConfig = (env: NodeJS.ProcessEnv, cwd: string): Config => {
  const settings = readEnvironment(env, cwd);
  const result = chosenFile(settings, env, cwd);
  const problems = [...settings.problems, ...(result.ok ? [] : result.problems)];
  if (!result.ok || problems.length > 0) throw new ConfigError(problems, codeOf(problems));
  return deepFreeze(assemble(settings, result.file));
};

const chosenFile = (
  settings: Environment,
  env: NodeJS.ProcessEnv,
  cwd: string,
): ConfigFileResult => {
  const { configFile } = settings;
  if (configFile === undefined) return { ok: true, file: configFileSchema.parse(sampleFile) };
  const near = relative(cwd, configFile);
  const shown = near.startsWith('..') || isAbsolute(near) || near === '' ? configFile : near;
  return readConfigFile(configFile, shown, env);
};

const codeOf = (problems: readonly Problem[]): string =>
  problems.every(({ what }) => what.startsWith(demoNotLoopback))
    ? demoNotLoopback
    : 'CONFIG_INVALID';

const assemble = (settings: Environment, file: ConfigFile): Config => {
  const builtIn = settings.configFile === undefined;
  const folder = dirname(settings.configFile ?? settings.dataDir);
  const named = (path: string | undefined) =>
    path === undefined ? undefined : resolve(folder, path);
  const schemaDir = settings.schemaDir ?? named(file.schema) ?? sampleShop.schemaDir;
  const isSample = schemaDir === sampleShop.schemaDir;
  const onOwnDatabase = ['shop', 'crm'].every((name) => {
    const source = file.sources[name];
    return source?.kind !== 'rest' && source?.database !== undefined;
  });
  return {
    demo: file.demo,
    host: file.listen.host,
    port: settings.port ?? file.listen.port,
    ...(settings.workers !== undefined && { workers: settings.workers }),
    dataDir: settings.dataDir,
    ...(settings.databaseUrl !== undefined && { databaseUrl: settings.databaseUrl }),
    ...(settings.subjectKey !== undefined && { subjectKey: settings.subjectKey }),
    schemaDir,
    loadSampleShop: file.demo && onOwnDatabase && (builtIn || isSample),
    sources: new Map(
      Object.entries(file.sources).map(([name, one]) => [name, toSource(name, one)]),
    ),
    identity: file.identity ? toIdentity(file.identity, folder) : demoIdentity(settings.dataDir),
    modules: toModules(named(file.rules), named(file.resolvers), builtIn || isSample),
    ...(file.controller && { controller: toController(file.controller) }),
    audit: toAudit(file.audit),
    limits: toLimits(file.limits),
    introspection: file.introspection ?? file.demo,
    shadow: settings.shadow ?? defaultShadow,
    operations: file.operations,
    logLevel: settings.logLevel ?? file.log,
  };
};

/** One query in a thousand: enough to be told of a fault early, and too few to be felt. */
const defaultShadow = 0.001;

const toAudit = ({ origin, retention, witnesses }: ConfigFile['audit']): AuditConfig => ({
  origin,
  ...(retention !== undefined && { retentionMonths: retention }),
  witnesses,
});

const toSource = (name: string, source: ConfigFile['sources'][string]): SourceConfig => {
  if (source.kind === 'rest') {
    const { url, headers = new Map(), poolSize, timeout: timeoutMs, bytes: maxBytes } = source;
    const tables = new Map(
      Object.entries(source.tables).map(([table, one]) => [table, toTable(one)]),
    );
    return { name, kind: 'rest', url, headers, poolSize, timeoutMs, maxBytes, tables };
  }
  const { postgres: url, database = '', schema, poolSize, timeout: timeoutMs, prepare } = source;
  const at = url === undefined ? { database } : { url };
  return { name, kind: 'postgres', at, schema, poolSize, timeoutMs, prepare };
};

type RestFile = Extract<ConfigFile['sources'][string], { readonly kind: 'rest' }>;

const toTable = ({
  rows,
  columns,
  fields,
  ...same
}: RestFile['tables'][string]): RestTableConfig => ({
  ...same,
  rows: rows ?? [],
  columns: columns ?? new Map(),
  ...(fields !== undefined && { fields }),
});

const toIdentity = (
  identity: NonNullable<ConfigFile['identity']>,
  folder: string,
): IdentityConfig => {
  const location = parseJwksLocation(identity.jwks);
  return {
    jwks: 'url' in location ? { url: location.url } : { file: resolve(folder, identity.jwks) },
    issuer: identity.issuer,
    audience: identity.audience,
    algorithms: [...new Set(identity.algorithms)],
    toleranceSeconds: identity.tolerance / 1000,
    subjectClaim: identity.subjectClaim,
    recentSignInSeconds: identity.recentSignIn / 1000,
  };
};

const toController = (controller: NonNullable<ConfigFile['controller']>): ControllerConfig => {
  const { email, phone, url, policyUrl, dataProtectionOfficer, withdrawal, ...rest } = controller;
  return {
    ...rest,
    ...(email !== undefined && { email }),
    ...(phone !== undefined && { phone }),
    ...(url !== undefined && { url }),
    ...(policyUrl !== undefined && { policyUrl }),
    ...(dataProtectionOfficer !== undefined && { dataProtectionOfficer }),
    ...(withdrawal !== undefined && { withdrawal }),
  };
};

/** Tokens that `sayso token` signs; the key set appears when the first one is minted. */
const demoIdentity = (dataDir: string): IdentityConfig => ({
  jwks: { file: join(dataDir, 'demo-jwks.json') },
  issuer: 'sayso-demo',
  audience: 'sayso',
  algorithms: ['EdDSA'],
  toleranceSeconds: 10,
  subjectClaim: 'sub',
  recentSignInSeconds: 900,
});

const toModules = (
  rules: string | undefined,
  resolvers: string | undefined,
  sample: boolean,
): Config['modules'] => {
  if (sample)
    return {
      rules: rules ?? sampleShop.rules,
      resolvers: resolvers ?? sampleShop.resolvers,
      mayHaveSurplus: rules === undefined && resolvers === undefined,
    };
  return { ...(rules !== undefined && { rules }), ...(resolvers !== undefined && { resolvers }) };
};

const toLimits = (limits: ConfigFile['limits']): Limits => ({
  maxDepth: limits.depth,
  maxAliases: limits.aliases,
  maxTokens: limits.tokens,
  maxBodyBytes: limits.body,
  defaultPageSize: limits.pageSize,
  maxPageSize: limits.maxPageSize,
  maxRows: limits.rows,
  maxSnapshotSubjects: limits.snapshotSubjects,
});
