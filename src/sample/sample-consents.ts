import type { ConsentInput, ConsentKind } from '../core/consent.ts';
import { Dice } from './dice.ts';
import {
  customerCount,
  instantBetween,
  isClubMember,
  registeredAt,
  sampleNow,
} from './sample-clock.ts';

/**
 * Shares of all customers, as the 2025 consumer survey found them among consumers: the sample's
 * customers have said what the survey's had.
 */
export const surveyRates = {
  /** Want personalization: RECOMMENDATIONS may use something. */
  wantPersonalization: 0.64,
  /** Comfortable with their purchase history being used. */
  purchaseHistory: 0.5,
  /** Comfortable with the use of data they never volunteered. */
  notVolunteered: 0.27,
} as const;

// Not from the survey: plausible shares of all customers, of club members for the club.
const refusedRecommendations = 0.14;
const withdrewRecommendations = 0.08;
const expiredRecommendations = 0.02;
const notVolunteeredAmongBuyers = 0.25;
const clubRates = { given: 0.7, refused: 0.1, withdrawn: 0.05 } as const;
const advertisingRates = { given: 0.09, refused: 0.25, withdrawn: 0.03 } as const;
const objectionRates = { FRAUD_PREVENTION: 0.01, SERVICE_IMPROVEMENT: 0.06 } as const;

const taste = ['DECLARED_TASTE', 'LOCATION_COUNTRY'];
const history = ['PURCHASE_HISTORY', 'OPINIONS'];
const broker = ['INCOME', 'INFERRED_INTERESTS'];
/** What a yes to bought data has to name. */
const everyOrigin = ['ZERO_PARTY', 'FIRST_PARTY', 'THIRD_PARTY'] as const;

/** One customer's events, each later than the one before it. */
class Diary {
  readonly events: ConsentInput[] = [];
  readonly dice: Dice;
  readonly #id: string;
  #last: number;

  constructor(customer: number, stream: string) {
    this.dice = new Dice(stream, customer);
    this.#id = String(customer);
    this.#last = registeredAt(customer);
  }

  note(
    kind: ConsentKind,
    purpose: string,
    { expired, ...more }: Pick<ConsentInput, 'categories' | 'origins'> & { expired?: true } = {},
  ): void {
    // Half of the time left, so that something can always come after.
    this.#last = instantBetween(this.dice, this.#last + 1000, (this.#last + sampleNow) / 2);
    const end = expired && instantBetween(this.dice, this.#last + 1000, sampleNow);
    this.events.push({
      subject: { type: 'Customer', id: this.#id },
      kind,
      purpose,
      ...more,
      method: 'import',
      actor: 'sample',
      at: new Date(this.#last),
      ...(end !== undefined && { validUntil: new Date(end) }),
    });
  }
}

/** Wants personalization, with purchase history or without. */
const agree = (diary: Diary, withHistory: boolean): void => {
  const { dice } = diary;
  const { purchaseHistory, wantPersonalization, notVolunteered } = surveyRates;
  const withBroker = withHistory
    ? dice.chance(notVolunteeredAmongBuyers / purchaseHistory)
    : dice.chance(
        (notVolunteered - notVolunteeredAmongBuyers) / (wantPersonalization - purchaseHistory),
      );
  const withFriends = dice.chance(0.6);
  const way = dice.next();
  if (withHistory && withFriends && (withBroker || way < 0.3)) {
    // Said yes to everything; some then took back what they had never volunteered.
    diary.note('given', 'RECOMMENDATIONS', { origins: everyOrigin });
    if (!withBroker)
      diary.note('withdrawn', 'RECOMMENDATIONS', { categories: ['NOT_VOLUNTEERED'] });
    return;
  }
  if (way > 0.95) diary.note('refused', 'RECOMMENDATIONS');
  const rest = [
    ...(withHistory ? history : []),
    ...(withBroker ? broker : []),
    ...(withFriends ? ['FRIENDS'] : []),
  ];
  const origins = withBroker ? { origins: everyOrigin } : {};
  if (way > 0.85 && rest.length > 0) {
    // A little first, more when they had seen what they gain.
    diary.note('given', 'RECOMMENDATIONS', { categories: taste });
    diary.note('given', 'RECOMMENDATIONS', { categories: rest, ...origins });
  } else {
    diary.note('given', 'RECOMMENDATIONS', { categories: [...taste, ...rest], ...origins });
  }
};

const recommendations = (diary: Diary): void => {
  const { wantPersonalization, purchaseHistory } = surveyRates;
  let where = diary.dice.next();
  if (where < wantPersonalization) {
    agree(diary, where < purchaseHistory);
  } else if ((where -= wantPersonalization) < refusedRecommendations) {
    diary.note('refused', 'RECOMMENDATIONS');
  } else if ((where -= refusedRecommendations) < withdrewRecommendations) {
    diary.note('given', 'RECOMMENDATIONS', { origins: everyOrigin });
    diary.note('withdrawn', 'RECOMMENDATIONS');
  } else if (where - withdrewRecommendations < expiredRecommendations) {
    diary.note('given', 'RECOMMENDATIONS', { origins: everyOrigin, expired: true });
  }
};

interface Rates {
  readonly given: number;
  readonly refused: number;
  readonly withdrawn: number;
}

const choose = (diary: Diary, purpose: string, rates: Rates): void => {
  const where = diary.dice.next();
  if (where < rates.given) {
    diary.note('given', purpose);
  } else if (where < rates.given + rates.refused) {
    diary.note('refused', purpose);
  } else if (where < rates.given + rates.refused + rates.withdrawn) {
    diary.note('given', purpose);
    diary.note('withdrawn', purpose);
  }
};

/**
 * What the sample's customers have said, customer by customer and in the order they said it.
 * Whoever is left out was never asked.
 */
export function* sampleConsents(): Generator<ConsentInput> {
  for (let customer = 1; customer <= customerCount; customer += 1) {
    const diary = new Diary(customer, 'consent');
    recommendations(diary);
    if (isClubMember(customer)) choose(diary, 'LOYALTY_OFFERS', clubRates);
    choose(diary, 'ADVERTISING', advertisingRates);
    for (const [purpose, share] of Object.entries(objectionRates)) {
      if (diary.dice.chance(share)) diary.note('objected', purpose);
    }
    yield* diary.events;
  }
}
