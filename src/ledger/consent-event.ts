import { isYes, type ConsentInput, type ConsentKind } from '../core/consent.ts';
import type { NoticeBook } from '../core/notice.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { checkConsent } from './check-consent.ts';
import { noticeFor } from './notice-book.ts';
import { resolveYes } from './resolve-yes.ts';

/** What an event says, resolved by the policy of the moment it was made under. */
export interface ResolvedConsent {
  readonly kind: ConsentKind;
  /**
   * Leaves for a yes. For a no the node as it was said, then the leaves it had, so that the no
   * stands when a later policy drops the node and keeps what was below. None: a no to everything.
   */
  readonly purposes: readonly string[];
  /** Leaves for a yes; for a no the nodes as they were said, none meaning all. */
  readonly categories: readonly string[];
  /** The version shown, and in which language. */
  readonly notice?: { readonly id: string; readonly version: number; readonly language: string };
  /**
   * One for each leaf purpose of a yes: purposes differ in what they cover and who is told, and one
   * that covers more later must not find itself agreed to.
   */
  readonly parts: readonly ConsentPart[];
}

/** Every one of these purposes with every one of these categories. */
export interface ConsentPart {
  readonly purposes: readonly string[];
  readonly categories: readonly string[];
  readonly origins: readonly string[];
  readonly declared: readonly string[];
  /** Told with a yes. */
  readonly recipients: readonly string[];
  /** Bases that the purpose of a yes has somewhere. */
  readonly bases: readonly string[] | null;
}

const resolveOther = (
  input: ConsentInput,
  policy: Policy,
): Pick<ResolvedConsent, 'purposes' | 'categories' | 'parts'> => {
  const { purposeTree } = policy.model;
  const said = {
    purposes:
      input.purpose === undefined
        ? []
        : [...new Set([input.purpose, ...purposeTree.leavesOf(input.purpose)])],
    categories: [...new Set(input.categories)],
  };
  const named = { origins: input.origins ?? [], declared: input.declared ?? [] };
  return { ...said, parts: [{ ...said, ...named, recipients: [], bases: null }] };
};

/**
 * Checks what somebody states and resolves it: a yes to exactly the leaves that exist now, or that
 * its notice lists, and that the purpose covers; a no to the nodes named, whose later children it
 * will count for too.
 *
 * @param book published notices; a yes said now for a purpose that a current notice lists must name it
 * @throws LedgerError CONSENT_INVALID naming the item.
 */
export const resolveConsent = (
  input: ConsentInput,
  policy: Policy,
  book: NoticeBook = new Map(),
): ResolvedConsent => {
  checkConsent(input, policy);
  const { notice, language } = noticeFor(input, book);
  const { purpose } = input;
  const said =
    isYes(input.kind) && purpose !== undefined
      ? resolveYes({ ...input, purpose }, notice, policy)
      : resolveOther(input, policy);
  return {
    kind: input.kind,
    ...said,
    ...(notice && { notice: { id: notice.id, version: notice.version, language } }),
  };
};
