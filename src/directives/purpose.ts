import type { Origin } from '../core/consent.ts';
import { optionalName, optionalText, texts, type At, type DirectiveParser } from './directive.ts';
import type { Basis } from './basis.ts';
import { parseLifecycle, type Lifecycle } from './lifecycle.ts';

/** `@purpose`: what a caller may want data for, the categories it reaches and why it may. */
export interface PurposeModel extends Lifecycle {
  readonly covers: readonly string[];
  readonly basis: Basis;
  readonly gain?: string;
  readonly under: readonly string[];
  /** Refused by the Global Privacy Control signal. */
  readonly sale: boolean;
  /** An objection counts whatever the basis. */
  readonly directMarketing: boolean;
  /** Origins of data that it accepts; all of them when absent. */
  readonly origins?: readonly Origin[];
  /** Who else gets the data, sorted. */
  readonly recipients: readonly string[];
  /** ISO 8601 duration. */
  readonly retention?: string;
  /** Term of the Data Privacy Vocabulary, such as `dpv:DirectMarketing`. */
  readonly dpv?: string;
}

/** ISO 8601: `P2Y`, `P1Y6M`, `P30D`, `P8W`, `PT12H`. */
export const isDuration = (text: string): boolean =>
  /^P(?=.)(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?)$/.test(text);

const checkRetention = (retention: string | undefined, at: At): void => {
  if (retention === undefined || isDuration(retention)) return;
  at.report({
    where: at.where,
    what: `\`retention\` on \`${at.owner}\` is \`${retention}\`, which is no ISO 8601 duration`,
    mend: 'write years as `P2Y`, months as `P6M`, days as `P30D`',
  });
};

const isUnconditional = (basis: Basis): boolean =>
  basis === 'CONTRACT' || basis === 'LEGAL_OBLIGATION';

export const parsePurpose: DirectiveParser<PurposeModel> = (args, at) => {
  const gain = optionalText(args, 'gain');
  const retention = optionalName(args, 'retention', at);
  const dpv = optionalName(args, 'dpv', at);
  const sale = args['sale'] === true;
  // The definition types `basis` as the enum Basis and `origins` as a list of Origin; `null` may stand there too.
  const basis = (args['basis'] as Basis | null | undefined) ?? 'CONSENT';
  const origins = (args['origins'] as readonly Origin[] | null | undefined) ?? undefined;
  if (basis === 'OPT_OUT') {
    at.report({
      where: at.where,
      what: `\`${at.owner}\` is OPT_OUT everywhere, but opt-out is law only in some places`,
      mend: 'keep `basis: CONSENT` and add `@basis(is: OPT_OUT, in: ["…"])` for those places',
    });
  }
  if (sale && isUnconditional(basis)) {
    at.report({
      where: at.where,
      what: `\`${at.owner}\` is a sale and rests on ${basis}, which no Global Privacy Control signal could refuse`,
      mend: 'take `sale` away where nothing is sold, or rest it on consent',
    });
  }
  if (origins?.length === 0) {
    at.report({
      where: at.where,
      what: `\`${at.owner}\` accepts data of no origin`,
      mend: 'name the origins that it accepts, or leave `origins` out to accept all',
    });
  }
  checkRetention(retention, at);
  return {
    covers: texts(args, 'covers'),
    basis,
    ...(gain !== undefined && { gain }),
    under: texts(args, 'under'),
    sale,
    directMarketing: args['directMarketing'] === true,
    ...(origins !== undefined && { origins }),
    recipients: [...new Set(texts(args, 'recipients'))].sort(),
    ...(retention !== undefined && { retention }),
    ...(dpv !== undefined && { dpv }),
    ...parseLifecycle(args, at),
  };
};
