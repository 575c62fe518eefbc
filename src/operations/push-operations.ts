import type { Knex } from 'knex';
import { OperationsError, type Problem } from '../core/errors.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import { checkDocument, type DocumentRules } from './check-document.ts';
import { readOperations, registerOperations, type OperationChange } from './operation-store.ts';
import type { ReadDocuments } from './read-manifest.ts';
import type { OperationDraft, RegisteredOperation } from './registered-operation.ts';

/** A document that was pushed: what it is, where it stands, and whether it was registered now. */
export interface PushedOperation extends OperationDraft {
  readonly from: string;
  readonly fresh: boolean;
}

interface Sound {
  readonly draft: OperationDraft;
  readonly from: string;
}

/** The same text twice is one operation. @throws OperationsError with every problem of all */
const checkAll = (read: ReadDocuments, rules: DocumentRules): readonly Sound[] => {
  const { names } = rules.policy.model.purposeTree;
  const { purpose } = rules;
  if (purpose !== undefined && !names.includes(purpose))
    throw new OperationsError([
      { where: '--purpose', what: 'is no purpose of the policy', mend: didYouMean(purpose, names) },
    ]);
  const problems: Problem[] = [...read.problems];
  const sound = new Map<string, Sound>();
  for (const document of read.documents) {
    const checked = checkDocument(document, rules);
    if (!checked.ok) problems.push(...checked.problems);
    else if (!sound.has(checked.draft.sha256))
      sound.set(checked.draft.sha256, { draft: checked.draft, from: document.where() });
  }
  if (problems.length > 0) throw new OperationsError(problems);
  return [...sound.values()];
};

const named = (purpose: string | undefined): string =>
  purpose === undefined ? 'no purpose' : `\`${purpose}\``;

/** A purpose stays what it was registered with: another would change what clients out there do. */
const acceptBeside =
  (sound: readonly Sound[]) =>
  (current: readonly RegisteredOperation[]): void => {
    const purposes = new Map(current.map(({ sha256, purpose }) => [sha256, purpose]));
    const problems = sound
      .filter(({ draft: { sha256, purpose } }) => {
        return purposes.has(sha256) && purposes.get(sha256) !== purpose;
      })
      .map(({ draft: { sha256, purpose }, from }) => ({
        where: from,
        what: `is registered for ${named(purposes.get(sha256))}, not for ${named(purpose)}`,
        mend: `\`sayso operations remove ${sha256}\` first, or change the text`,
      }));
    if (problems.length > 0) throw new OperationsError(problems);
  };

/**
 * Registers the documents that were read, all of them or none. Those that are registered already stay
 * as they are.
 *
 * @param dryRun nothing is written; where operations cannot be kept yet, `knex` is absent
 * @throws OperationsError with every problem of every document
 */
export const pushOperations = async (
  knex: Knex | undefined,
  change: OperationChange,
  read: ReadDocuments,
  rules: DocumentRules,
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): Promise<readonly PushedOperation[]> => {
  const sound = checkAll(read, rules);
  const drafts = sound.map(({ draft }) => draft);
  const accept = acceptBeside(sound);
  let fresh: ReadonlySet<string>;
  if (dryRun || !knex) {
    const current = knex ? await readOperations(knex, { client: change.client }) : [];
    accept(current);
    const known = new Set(current.map(({ sha256 }) => sha256));
    fresh = new Set(drafts.map(({ sha256 }) => sha256).filter((sha256) => !known.has(sha256)));
  } else {
    fresh = await registerOperations(knex, change, rules.policy.id, drafts, accept);
  }
  return sound.map(({ draft, from }) => ({ ...draft, from, fresh: fresh.has(draft.sha256) }));
};
