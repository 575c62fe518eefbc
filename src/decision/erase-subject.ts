import type { Knex } from 'knex';
import type { SubjectRef } from '../core/consent.ts';
import { AuditError, LedgerError, SaysoError, SourceError } from '../core/errors.ts';
import type { LogErasures } from '../ledger/log-erasures.ts';
import { announceErasure, eraseLink, type ErasureLine } from '../ledger/subject-eraser.ts';
import type { SubjectDirectory } from '../ledger/subject-directory.ts';
import type { Policy } from '../policy/compile-policy.ts';
import type { DomainType } from '../policy/model.ts';
import type { EraseRequest, Source, Sources } from '../sources/source.ts';
import { findPersons } from './find-persons.ts';

/** What became of a person's data. */
export interface Erasure {
  readonly complete: boolean;
  readonly head: number | null;
  readonly sources: readonly ErasureLine[];
}

export interface EraseOptions {
  readonly knex: Knex;
  readonly subjects: SubjectDirectory;
  readonly policy: Policy;
  readonly sources: Sources;
  /** Enters into the log that the person's number stands for nobody any more. */
  readonly logErasures: LogErasures;
  /** Who asks, as the log names them. */
  readonly actor: string;
  /** Only counts what would happen. */
  readonly dryRun?: boolean;
  /** Only under the very text that the source has: a person's token names no other spelling. */
  readonly exact?: boolean;
}

const outcomes = { DELETE: 'DELETED', ANONYMIZE: 'ANONYMIZED', KEEP: 'KEPT' } as const;

/** The types whose rows concern such persons, those that are found through others first. */
const typesAbout = (policy: Policy, person: string): readonly DomainType[] =>
  [...policy.model.types.values()]
    .filter(({ subject }) => subject?.type === person)
    .sort(
      (a, b) =>
        Number(a.person !== undefined) - Number(b.person !== undefined) ||
        (b.subject?.hops.length ?? 0) - (a.subject?.hops.length ?? 0),
    );

/** One request a table: two types over one table are the same rows, and each tells its columns. */
const oncePerTable = (
  types: readonly DomainType[],
): readonly { readonly type: DomainType; readonly also: readonly DomainType[] }[] => {
  const byTable = new Map<string, DomainType[]>();
  for (const type of types) {
    const others = byTable.get(type.table.name);
    if (others) others.push(type);
    else byTable.set(type.table.name, [type]);
  }
  return [...byTable.values()].flatMap(([type, ...also]) => (type ? [{ type, also }] : []));
};

const eraseIn = async (
  source: Source,
  tables: ReturnType<typeof oncePerTable>,
  id: string,
  dryRun: boolean,
): Promise<readonly ErasureLine[]> => {
  const requests = tables.map(({ type, also }): EraseRequest => {
    const { erase } = type.table;
    const how = dryRun || erase === undefined || erase === 'KEEP' ? 'COUNT' : erase;
    return { type, also, how };
  });
  const line = (type: DomainType, rows: number): ErasureLine => ({
    source: source.name,
    type: type.name,
    outcome: type.declared
      ? 'DELETED'
      : type.table.erase === undefined
        ? 'NOT_SAID'
        : outcomes[type.table.erase],
    rows,
    because: type.table.because ?? null,
  });
  try {
    const counts = await source.erase(requests, id);
    return tables.map(({ type }, i) => line(type, counts[i] ?? 0));
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const because = error.message;
    return tables.map(({ type }) => ({ ...line(type, 0), outcome: 'FAILED', because }));
  }
};

const checkPerson = ({ type, id }: SubjectRef, { policy }: EraseOptions): void => {
  if (!policy.model.types.get(type)?.person)
    throw new LedgerError('there is no such type of persons', 'CONSENT_INVALID');
  if (id === '' || id.length > 256 || id.includes('\0') || !id.isWellFormed())
    throw new LedgerError('the id is empty, over 256 characters, or not text', 'CONSENT_INVALID');
};

/**
 * The very text by which the person's rows are known, as the source has it. Who is not there, or not
 * to be asked about, is known by what was stated: parts of them may be elsewhere, or left from before.
 */
const ownId = async (
  { type: name, id }: SubjectRef,
  { policy, sources, exact = false }: EraseOptions,
): Promise<string> => {
  const type = policy.model.types.get(name);
  if (!type) return id;
  try {
    const found = await findPersons(type, [id], sources);
    const [own] = found;
    if (own === undefined || found.includes(id)) return id;
    if (!exact) return own;
  } catch (error) {
    if (error instanceof SourceError) return id;
    throw error;
  }
  throw new LedgerError(`no \`${name}\` has this id`, 'CONSENT_INVALID');
};

/**
 * Erases a person: in each source what the SDL lets be erased, then what they declared, then the one
 * link between them and their number. Where a source fails, its rows are as they were, the link
 * stands, and all of it can be asked for again.
 *
 * @throws LedgerError CONSENT_INVALID for an id that can be nobody's, LEDGER_UNAVAILABLE;
 *   AuditError when all is erased and the log cannot be told of it now
 */
export const eraseSubject = async (stated: SubjectRef, options: EraseOptions): Promise<Erasure> => {
  const { knex, subjects, policy, sources, actor, logErasures, dryRun = false } = options;
  checkPerson(stated, options);
  const subject = { type: stated.type, id: await ownId(stated, options) };
  const types = typesAbout(policy, subject.type);
  const eraseAll = async (counting: boolean): Promise<readonly ErasureLine[]> => {
    const all: ErasureLine[] = [];
    for (const [name, source] of sources) {
      const own = oncePerTable(types.filter(({ table }) => table.source === name));
      if (own.length > 0) all.push(...(await eraseIn(source, own, subject.id, counting)));
    }
    return all;
  };
  if ((await subjects.known(subject.type, subject.id)) === undefined) {
    // Neither known here nor anywhere: most likely somebody misspelt, and is not to hear that it is done.
    const there = await eraseAll(true);
    if (there.every(({ outcome, rows }) => outcome !== 'FAILED' && rows === 0))
      throw new LedgerError(`no \`${stated.type}\` has this id`, 'CONSENT_INVALID');
  }
  if (!dryRun) await announceErasure(knex, subjects, subject, actor);
  const lines = await eraseAll(dryRun);
  const failed = lines.some(({ outcome }) => outcome === 'FAILED');
  if (dryRun || failed) return { complete: false, head: null, sources: lines };
  const rowsRemain = lines.some(
    ({ outcome, rows }) =>
      (outcome === 'KEPT' || outcome === 'NOT_SAID' || outcome === 'ANONYMIZED') && rows > 0,
  );
  const head = await eraseLink(knex, subjects, subject, { actor, report: lines, rowsRemain });
  try {
    await logErasures();
  } catch (error) {
    // The link is gone; whoever asked must know it, and the log is told as soon as it can be.
    throw new AuditError((error as AuditError).cause, head);
  }
  return { complete: true, head, sources: lines };
};

/** The refusal of an erasure that did not happen in full. */
export const incomplete = ({ sources }: Erasure): SaysoError =>
  new SaysoError(
    `not everything could be erased: ${sources
      .filter(({ outcome }) => outcome === 'FAILED')
      .map(({ source, because }) => because ?? source)
      .join('; ')}`,
    { code: 'ERASURE_INCOMPLETE', status: 502 },
  );
