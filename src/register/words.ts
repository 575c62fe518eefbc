import type { Origin } from '../core/consent.ts';
import type { Basis } from '../directives/basis.ts';
import type { CategoryText, Processing } from './processing-of.ts';

/** `CONTACT_EMAIL` as people write: `Contact email`. */
const plain = (name: string): string => {
  const words = name.toLowerCase().replaceAll('_', ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** What to call a purpose before people: its description, else its name. */
export const titleOf = ({ purpose, description }: Pick<Processing, 'purpose' | 'description'>) =>
  description ?? plain(purpose);

/** What to call a category before people: its name, and what the schema says of it. */
export const labelOf = ({ category, description }: CategoryText): string =>
  description === null ? plain(category) : `${plain(category)} (${description})`;

/** Why a purpose may, for the person whose data it uses. */
export const basisForPersons: Readonly<Record<Basis, string>> = {
  CONSENT: 'Because you said yes',
  LEGITIMATE_INTEREST: 'Because we have good reason to, until you object',
  CONTRACT: 'Because we need it to do what you ordered',
  LEGAL_OBLIGATION: 'Because the law demands it',
  OPT_OUT: 'Because the law where you live lets us, until you say no',
};

/** Who gave the data, for the person. */
export const originForPersons: Readonly<Record<Origin, string>> = {
  ZERO_PARTY: 'you told us',
  FIRST_PARTY: 'you gave it, or we noticed it when you dealt with us',
  SECOND_PARTY: 'a partner shared it with us',
  THIRD_PARTY: 'bought, or guessed by others',
};

/** Why a purpose may, in the terms of the GDPR where it has one. */
export const basisInLaw: Readonly<Record<Basis, string>> = {
  CONSENT: 'consent (Art. 6(1)(a))',
  LEGITIMATE_INTEREST: 'legitimate interest (Art. 6(1)(f))',
  CONTRACT: 'contract (Art. 6(1)(b))',
  LEGAL_OBLIGATION: 'legal obligation (Art. 6(1)(c))',
  OPT_OUT: 'opt-out under the law of the place',
};

/** Who gave the data, for those who keep records. */
export const originInRecords: Readonly<Record<Origin, string>> = {
  ZERO_PARTY: 'declared by the person',
  FIRST_PARTY: 'given by the person or observed',
  SECOND_PARTY: 'shared by a partner',
  THIRD_PARTY: 'bought or inferred elsewhere',
};

const units: Readonly<Record<string, string>> = {
  Y: 'year',
  M: 'month',
  W: 'week',
  D: 'day',
  TH: 'hour',
  TM: 'minute',
  TS: 'second',
};

/** `P1Y6M` as `1 year and 6 months`. */
export const durationInWords = (duration: string): string => {
  const [days = '', time = ''] = duration.replace(/^P/, '').split('T');
  const parts = (text: string, prefix: string): readonly string[] =>
    [...text.matchAll(/(\d+)([A-Z])/g)].map(([, count = '0', letter = '']) => {
      const unit = units[prefix + letter] ?? letter;
      return `${Number(count)} ${unit}${Number(count) === 1 ? '' : 's'}`;
    });
  const all = [...parts(days, ''), ...parts(time, 'T')];
  const last = all.at(-1) ?? duration;
  return all.length < 2 ? last : `${all.slice(0, -1).join(', ')} and ${last}`;
};
