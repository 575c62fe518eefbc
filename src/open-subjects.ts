import type { Knex } from 'knex';
import type { Config } from './config/config.ts';
import { decodeSubjectKey } from './config/subject-key.ts';
import { ConfigError } from './core/errors.ts';
import type { Statements } from './core/statement.ts';
import { makeSubjectKey, readSubjectKey, subjectKeyPath } from './database/subject-key-file.ts';
import { readSealedState, sealSubjects } from './ledger/seal-subjects.ts';
import { SubjectDirectory } from './ledger/subject-directory.ts';
import { createSubjectSeal, type SubjectSeal } from './ledger/subject-seal.ts';

export interface OpenSubjectsOptions {
  /** Writes nothing. */
  readonly dryRun?: boolean;
  /** Sends what is looked up, when knex is not to build it anew each time. */
  readonly database?: Statements | undefined;
}

type KeyConfig = Pick<Config, 'dataDir' | 'subjectKey'>;

const givenKey = ({ dataDir, subjectKey }: KeyConfig): Uint8Array | undefined =>
  subjectKey === undefined ? readSubjectKey(dataDir) : decodeSubjectKey(subjectKey);

const otherKey = ({ dataDir, subjectKey }: KeyConfig, isThere: boolean): ConfigError =>
  new ConfigError([
    {
      where: subjectKey === undefined ? subjectKeyPath(dataDir) : 'SAYSO_SUBJECT_KEY',
      what: isThere
        ? 'persons in the database are sealed under another key'
        : 'persons in the database are sealed under a key, and it is not there',
      mend:
        'set SAYSO_SUBJECT_KEY to what the gateway that was started first on this database has, ' +
        'or to the content of `subject.key` in its data folder',
    },
  ]);

const notSealed = (): ConfigError =>
  new ConfigError([
    {
      where: 'the ledger',
      what: 'its persons are not all sealed yet, and a dry run changes nothing',
      mend: 'start Sayso once',
    },
  ]);

/** The seal as it stands, for whoever may write nothing. */
const sealAsItStands = async (config: KeyConfig, knex: Knex): Promise<SubjectSeal> => {
  const key = givenKey(config);
  const seal = key && createSubjectSeal(key);
  const state = await readSealedState(knex, seal);
  if (state === 'other-key') throw otherKey(config, key !== undefined);
  if (state === 'not-sealed' || !seal) throw notSealed();
  return seal;
};

const sealForGood = async (config: KeyConfig, knex: Knex): Promise<SubjectSeal> => {
  const seal = await sealSubjects(knex, (begun) => {
    const key = givenKey(config);
    if (key) return key;
    // A new key would number everybody anew, and what they said would count for nobody.
    if (begun) throw otherKey(config, false);
    return makeSubjectKey(config.dataDir);
  });
  if (!seal) throw otherKey(config, true);
  return seal;
};

/**
 * Opens the directory of persons under the key that the environment or the data folder has; the
 * first start makes one, and seals persons that an earlier version left in clear.
 * @throws ConfigError where persons are sealed under a key that is not there; nothing is written then
 */
export const openSubjects = async (
  config: KeyConfig & Pick<Config, 'limits'>,
  knex: Knex,
  { dryRun = false, database }: OpenSubjectsOptions = {},
): Promise<SubjectDirectory> => {
  const seal = await (dryRun ? sealAsItStands : sealForGood)(config, knex);
  return new SubjectDirectory(knex, config.limits.maxSnapshotSubjects, seal, database);
};
