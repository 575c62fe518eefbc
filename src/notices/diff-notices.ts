import type { Origin } from '../core/consent.ts';
import type { NoticeContent, NoticePurpose, NoticeText } from '../core/notice.ts';
import { scopeOfOrigin } from '../policy/model.ts';

/** What is in one list and not in the other. */
export interface ListDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** What one purpose, told of before and after, means otherwise. */
export interface PurposeDiff {
  readonly purpose: string;
  readonly categories: ListDiff;
  readonly origins: ListDiff;
  readonly recipients: ListDiff;
  readonly bases: ListDiff;
  readonly retention?: { readonly from: string | null; readonly to: string | null };
}

/** A text that both have in one language, worded otherwise. */
export interface TextDiff {
  readonly language: string;
  readonly part: keyof NoticeText;
  readonly from: string;
  readonly to: string;
}

/** What no earlier yes covers: people must be asked again for it. */
export interface AskAgain {
  readonly purpose: string;
  readonly categories: readonly string[];
  /** Only their data of these origins; all where absent. */
  readonly origins?: readonly string[];
}

/** How a version differs from an earlier one. */
export interface NoticeDiff {
  readonly kind: 'nothing' | 'wording' | 'meaning';
  readonly purposes: ListDiff;
  readonly changed: readonly PurposeDiff[];
  readonly languages: ListDiff;
  readonly texts: readonly TextDiff[];
  /** The language that is shown where none is asked for. */
  readonly firstLanguage?: { readonly from: string; readonly to: string };
  readonly voids: readonly AskAgain[];
}

const diffLists = (from: readonly string[], to: readonly string[]): ListDiff => ({
  added: to.filter((one) => !from.includes(one)),
  removed: from.filter((one) => !to.includes(one)),
});

const isSame = ({ added, removed }: ListDiff): boolean => added.length + removed.length === 0;

const diffPurpose = (from: NoticePurpose, to: NoticePurpose): PurposeDiff | undefined => {
  const lists = {
    categories: diffLists(from.categories, to.categories),
    origins: diffLists(from.origins, to.origins),
    recipients: diffLists(from.recipients, to.recipients),
    bases: diffLists(from.bases, to.bases),
  };
  const kept = from.retention === to.retention;
  if (kept && Object.values(lists).every(isSame)) return undefined;
  return {
    purpose: to.purpose,
    ...lists,
    ...(!kept && { retention: { from: from.retention, to: to.retention } }),
  };
};

/** Origins whose say-so the earlier version did not ask for: the first two are one. */
const newOrigins = (from: NoticePurpose, to: NoticePurpose): readonly string[] => {
  const asked = new Set(from.origins.map((one) => scopeOfOrigin(one as Origin)));
  return to.origins.filter((one) => !asked.has(scopeOfOrigin(one as Origin)));
};

/**
 * What a yes under the earlier version does not cover of the later one. Somebody told of fewer
 * recipients agreed to none of it as it is now, and nor did whoever only accepted what needed no
 * consent.
 */
const notCovered = (from: NoticePurpose | undefined, to: NoticePurpose): readonly AskAgain[] => {
  const { purpose, categories } = to;
  if (from === undefined) return [{ purpose, categories }];
  const told = to.recipients.every((one) => from.recipients.includes(one));
  const needsYes = to.bases.includes('CONSENT') && !from.bases.includes('CONSENT');
  if (!told || needsYes) return [{ purpose, categories }];
  const { added } = diffLists(from.categories, categories);
  const origins = newOrigins(from, to);
  const before = categories.filter((one) => from.categories.includes(one));
  return [
    ...(added.length > 0 ? [{ purpose, categories: added }] : []),
    ...(origins.length > 0 && before.length > 0 ? [{ purpose, categories: before, origins }] : []),
  ];
};

const parts = ['title', 'text', 'gain', 'withdraw'] as const;

const diffTexts = (from: NoticeContent, to: NoticeContent): readonly TextDiff[] =>
  to.languages.flatMap(({ language, text }) => {
    const before = from.languages.find((one) => one.language === language)?.text;
    if (before === undefined) return [];
    return parts.flatMap((part) =>
      before[part] === text[part] ? [] : [{ language, part, from: before[part], to: text[part] }],
    );
  });

const tagsOf = ({ languages }: NoticeContent): readonly string[] =>
  languages.map(({ language }) => language);

/**
 * How a notice differs from an earlier version: in what it means, in how it is worded, or not at
 * all. Pure.
 */
export const diffNotices = (from: NoticeContent, to: NoticeContent): NoticeDiff => {
  const before = new Map(from.purposes.map((one) => [one.purpose, one]));
  const purposes = diffLists(
    [...before.keys()],
    to.purposes.map(({ purpose }) => purpose),
  );
  const changed = to.purposes.flatMap((one) => {
    const earlier = before.get(one.purpose);
    return (earlier && diffPurpose(earlier, one)) ?? [];
  });
  const languages = diffLists(tagsOf(from), tagsOf(to));
  const texts = diffTexts(from, to);
  const [first = ''] = tagsOf(from);
  const [now = ''] = tagsOf(to);
  const meaning = !isSame(purposes) || changed.length > 0;
  // The order of the others says nothing to anybody but is part of the content's hash.
  const wording = texts.length > 0 || tagsOf(from).join() !== tagsOf(to).join();
  return {
    kind: meaning ? 'meaning' : wording ? 'wording' : 'nothing',
    purposes,
    changed,
    languages,
    texts,
    ...(first !== now && { firstLanguage: { from: first, to: now } }),
    voids: to.purposes.flatMap((one) => notCovered(before.get(one.purpose), one)),
  };
};
