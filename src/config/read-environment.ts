import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { Problem } from '../core/errors.ts';
import { kindOfPath } from './check-config-file.ts';
import type { Config } from './config.ts';
import { logLevels } from './config-file-schema.ts';
import { didYouMean, nearest } from '../core/did-you-mean.ts';
import { isPostgresUrl } from './parse-address.ts';
import { decodeSubjectKey } from './subject-key.ts';

/** What the environment says; a variable that is empty counts as not set. */
export interface Environment {
  readonly port: number | undefined;
  readonly dataDir: string;
  readonly schemaDir: string | undefined;
  readonly databaseUrl: string | undefined;
  readonly subjectKey: string | undefined;
  readonly configFile: string | undefined;
  readonly logLevel: Config['logLevel'] | undefined;
  readonly shadow: number | undefined;
  readonly workers: number | undefined;
  readonly problems: readonly Problem[];
}

const ours = [
  'SAYSO_CONFIG',
  'SAYSO_DATA',
  'SAYSO_LOG',
  'SAYSO_SCHEMA',
  'SAYSO_SHADOW',
  'SAYSO_SUBJECT_KEY',
  'SAYSO_WORKERS',
];

/** Each has connections to the databases, whose servers bound them. */
const mostWorkers = 64;

/** A number of workers, or as many as this machine runs at once; `undefined` for anything else. */
const parseWorkers = (text: string): number | undefined => {
  if (text === 'auto') return Math.min(availableParallelism(), mostWorkers);
  const number = /^[1-9][0-9]?$/.test(text) ? Number(text) : NaN;
  return number <= mostWorkers ? number : undefined;
};

// Sayso would start with a default where somebody had set something: only near misses, because
// the prefix belongs to others too (Kubernetes sets `SAYSO_PORT` beside a service named `sayso`).
const misspelt = (env: NodeJS.ProcessEnv): Problem[] =>
  Object.keys(env)
    .filter((name) => name.startsWith('SAYSO_') && !ours.includes(name))
    .flatMap((name): Problem[] => {
      const meant = nearest(
        name.slice(6),
        ours.map((one) => one.slice(6)),
      );
      return meant === undefined || !/^\w{1,40}$/.test(name)
        ? []
        : [{ where: name, what: 'is not a setting', mend: `did you mean \`SAYSO_${meant}\`?` }];
    });

/**
 * Reads the variables that have fixed names: `PORT`, `SAYSO_DATA`, `SAYSO_SCHEMA`, `DATABASE_URL`,
 * `SAYSO_CONFIG`, `SAYSO_LOG`, `SAYSO_SHADOW`, `SAYSO_SUBJECT_KEY`, `SAYSO_WORKERS`. Paths are
 * relative to `cwd`. Never throws and never repeats a value.
 */
export const readEnvironment = (env: NodeJS.ProcessEnv, cwd: string): Environment => {
  const problems: Problem[] = misspelt(env);
  const set = (name: string): string | undefined => env[name] || undefined;
  const folder = (name: string): string | undefined => {
    const value = set(name);
    return value === undefined ? undefined : resolve(cwd, value);
  };
  const port = set('PORT');
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535))
    problems.push({
      where: 'PORT',
      what: 'is not a port',
      mend: 'set a whole number from 0 to 65535; 0 takes any free port',
    });
  const dataDir = folder('SAYSO_DATA') ?? resolve(cwd, '.sayso');
  if (!['folder', undefined].includes(kindOfPath(dataDir)))
    problems.push({
      where: 'SAYSO_DATA',
      what: 'is not a folder',
      mend: 'name a folder, or a path where one can be made',
    });
  const schemaDir = folder('SAYSO_SCHEMA');
  if (schemaDir !== undefined && kindOfPath(schemaDir) !== 'folder')
    problems.push({
      where: 'SAYSO_SCHEMA',
      what: 'names a folder that is not there',
      mend: 'name the folder of your SDL files',
    });
  const databaseUrl = set('DATABASE_URL');
  if (databaseUrl !== undefined && !isPostgresUrl(databaseUrl))
    problems.push({
      where: 'DATABASE_URL',
      what: 'is not the URL of a PostgreSQL database',
      mend: 'set `postgres://user:password@host:5432/name`, special characters percent-encoded',
    });
  const subjectKey = set('SAYSO_SUBJECT_KEY');
  if (subjectKey !== undefined && !decodeSubjectKey(subjectKey))
    problems.push({
      where: 'SAYSO_SUBJECT_KEY',
      what: 'is not a key of 32 bytes in Base64',
      mend: 'set the content of `subject.key`, or a new key for a new database',
    });
  const level = set('SAYSO_LOG');
  const logLevel = logLevels.find((one) => one === level);
  if (level !== undefined && logLevel === undefined)
    problems.push({
      where: 'SAYSO_LOG',
      what: 'is not a log level',
      mend: didYouMean(level, logLevels),
    });
  const shadow = set('SAYSO_SHADOW');
  if (shadow !== undefined && !/^(?:0(?:\.\d{1,9})?|1(?:\.0{1,9})?)$/.test(shadow))
    problems.push({
      where: 'SAYSO_SHADOW',
      what: 'is not a share',
      mend: 'set a number from 0 to 1, such as `0.01` for one query in a hundred',
    });
  const workersText = set('SAYSO_WORKERS');
  const workers = workersText === undefined ? undefined : parseWorkers(workersText);
  if (workersText !== undefined && workers === undefined)
    problems.push({
      where: 'SAYSO_WORKERS',
      what: 'is not a number of workers',
      mend: `set a whole number from 1 to ${mostWorkers}, or \`auto\` for as many as this machine runs at once`,
    });
  return {
    port: port === undefined ? undefined : Number(port),
    dataDir,
    schemaDir,
    databaseUrl,
    subjectKey,
    configFile: folder('SAYSO_CONFIG'),
    logLevel,
    shadow: shadow === undefined ? undefined : Number(shadow),
    workers,
    problems,
  };
};
