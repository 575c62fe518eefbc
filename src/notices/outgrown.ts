import type { Origin } from '../core/consent.ts';
import type { Notice, NoticeBook, NoticePurpose } from '../core/notice.ts';
import { basesOf } from '../ledger/resolve-yes.ts';
import { currentNotices } from '../ledger/notice-book.ts';
import type { Pair, Policy } from '../policy/compile-policy.ts';
import { scopeOfOrigin } from '../policy/model.ts';

/** Something that the policy does for a purpose and its current notice does not tell. */
export interface Outgrown {
  readonly notice: string;
  readonly version: number;
  readonly purpose: string;
  /** In words, to go on a sentence that names the notice. */
  readonly what: string;
}

const tells = ({ categories, origins }: NoticePurpose, { category, scope }: Pair): boolean =>
  categories.includes(category) && origins.some((one) => scopeOfOrigin(one as Origin) === scope);

const untoldData = (
  pairs: readonly Pair[],
  told: readonly NoticePurpose[],
  policy: Policy,
): readonly string[] =>
  pairs
    .filter((pair) => policy.model.categories.get(pair.category)?.deprecated === undefined)
    .filter((pair) => !told.some((one) => tells(one, pair)))
    .map(({ purpose, category, scope }) => {
      const origin = scope === 'FIRST_PARTY' ? '' : ` of origin ${scope}`;
      return `${purpose} uses ${category}${origin}, which no notice tells`;
    });

const untoldTerms = (
  listed: NoticePurpose,
  pairs: readonly Pair[],
  policy: Policy,
): readonly string[] => {
  const { purpose } = listed;
  const recipients = policy.model.purposes.get(purpose)?.recipients ?? [];
  const bases = basesOf(pairs.filter((pair) => tells(listed, pair)));
  return [
    ...recipients
      .filter((one) => !listed.recipients.includes(one))
      .map((one) => `${purpose} gives data to \`${one}\`, whom the notice does not name`),
    ...bases
      .filter((one) => !listed.bases.includes(one))
      .map((one) => `${purpose} rests on ${one} somewhere, which the notice does not say`),
  ];
};

/**
 * What the policy does today beyond what the current notices tell: data that no notice of that
 * purpose lists, recipients and bases that a notice does not name. What people declare themselves
 * is told to them as they do.
 */
export const outgrown = (policy: Policy, book: NoticeBook): readonly Outgrown[] => {
  const current = currentNotices(book);
  const toldOf = (purpose: string): readonly NoticePurpose[] =>
    current.flatMap(({ purposes }) => purposes.filter((one) => one.purpose === purpose));
  const beyond = (listed: NoticePurpose): readonly string[] => {
    const pairs = policy.pairs.filter(
      ({ purpose, scope }) => purpose === listed.purpose && !scope.includes('.'),
    );
    return [
      ...untoldData(pairs, toldOf(listed.purpose), policy),
      ...untoldTerms(listed, pairs, policy),
    ];
  };
  return current.flatMap(({ id, version, purposes }: Notice) =>
    purposes.flatMap((listed) =>
      beyond(listed).map((what) => ({ notice: id, version, purpose: listed.purpose, what })),
    ),
  );
};
