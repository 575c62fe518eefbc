import { describe, expect, it } from 'vitest';
import type { ConsentInput } from '../../src/core/consent.ts';
import type { NoticeBook } from '../../src/core/notice.ts';
import { resolveConsent } from '../../src/ledger/consent-event.ts';
import { foldEvents, State, wordOf, type StoredEvent } from '../../src/ledger/fold-events.ts';
import { judge } from '../../src/ledger/judge.ts';
import { outgrown } from '../../src/notices/outgrown.ts';
import type { Policy } from '../../src/policy/compile-policy.ts';
import { bookOf, contentOf, noticePolicy, offersYaml } from './notice-policy.ts';

const policy = noticePolicy();

const yes = (changes: Partial<ConsentInput> = {}): ConsentInput => ({
  subject: { type: 'Customer', id: '1' },
  kind: 'given',
  purpose: 'OFFERS',
  notice: { id: 'club' },
  method: 'test',
  ...changes,
});

/** What the ledger keeps of a yes under a book and a policy. */
const kept = (
  book: NoticeBook,
  {
    under = policy,
    input = yes(),
    at = 1,
  }: { under?: Policy; input?: ConsentInput; at?: number } = {},
): readonly StoredEvent[] =>
  resolveConsent(input, under, book).parts.map((part) => ({
    ...part,
    kind: input.kind,
    at,
    validUntil: null,
  }));

const reasonOf = (events: readonly StoredEvent[], category: string, under = policy): string => {
  const pair = under.pairOf('OFFERS', category);
  if (!pair) throw new Error(`no pair for ${category}`);
  return judge(pair.basis, foldEvents(events, under).states[pair.index] ?? 0, false).reason;
};

describe('a yes under version 1', () => {
  const first = contentOf(offersYaml('MAIL, SMS'));
  const said = kept(bookOf(first));

  it('does not cover what version 2 adds, and still covers the rest', () => {
    const second = bookOf(first, contentOf(offersYaml('MAIL, SMS, PUSH')));
    expect(reasonOf(said, 'PUSH')).toBe('NOT_LISTED');
    expect(reasonOf(said, 'MAIL')).toBe('CONSENTED');
    const again = [...said, ...kept(second, { at: 2 })];
    expect(reasonOf(again, 'PUSH')).toBe('CONSENTED');
  });

  it('stands when version 2 is only worded otherwise', () => {
    const book = bookOf(
      first,
      contentOf(offersYaml('MAIL, SMS', { en: '{ title: Club, text: x, gain: g, withdraw: w }' })),
    );
    expect(kept(book)).toEqual(said);
    expect(reasonOf(said, 'SMS')).toBe('CONSENTED');
    expect(outgrown(policy, book).map(({ what }) => what)).toEqual([
      'OFFERS uses PUSH, which no notice tells',
    ]);
  });

  it('is outgrown by a new recipient, until people are told', () => {
    const wider = noticePolicy('covers: [CONTACT], recipients: ["Acme"]');
    expect(reasonOf(said, 'MAIL', wider)).toBe('NOT_LISTED');
    expect(outgrown(wider, bookOf(first)).map(({ what }) => what)).toContain(
      'OFFERS gives data to `Acme`, whom the notice does not name',
    );
    // The old text is still the current one: a yes under it tells of nobody.
    expect(reasonOf(kept(bookOf(first), { under: wider, at: 2 }), 'MAIL', wider)).toBe(
      'NOT_LISTED',
    );
    const told = bookOf(first, contentOf(offersYaml('MAIL, SMS'), wider));
    expect(reasonOf([...said, ...kept(told, { under: wider, at: 3 })], 'MAIL', wider)).toBe(
      'CONSENTED',
    );
  });

  it('is no consent where the notice said that none was needed', () => {
    const lawful = noticePolicy('covers: [CONTACT], basis: LEGITIMATE_INTEREST');
    const before = bookOf(contentOf(offersYaml('MAIL'), lawful));
    const accepted = kept(before, { under: lawful });
    const pair = lawful.pairOf('OFFERS', 'MAIL')?.index ?? -1;
    expect(wordOf(foldEvents(accepted, lawful).states[pair] ?? 0)).toBe(State.accepted);
    expect(reasonOf(accepted, 'MAIL')).toBe('NOT_LISTED');
    expect(outgrown(policy, before).map(({ what }) => what)).toContain(
      'OFFERS rests on CONSENT somewhere, which the notice does not say',
    );
  });

  it('covers each leaf only as listed, where the notice was for several', () => {
    const both = contentOf(
      'id: club\npurposes:\n  OFFERS: { categories: [MAIL] }\n  SUGGEST: { categories: [BOUGHT] }\nlanguages:\n  en: { title: t, text: x, gain: g, withdraw: w }\n',
    );
    expect(kept(bookOf(both), { input: yes({ purpose: 'CLUB' }) })).toMatchObject([
      { purposes: ['OFFERS'], categories: ['MAIL'] },
      { purposes: ['SUGGEST'], categories: ['BOUGHT'] },
    ]);
  });
});

describe('naming a notice', () => {
  const first = contentOf(offersYaml('MAIL'));
  const book = bookOf(first, contentOf(offersYaml('MAIL, SMS')));
  it.each<[string, Partial<ConsentInput>, RegExp]>([
    [
      'that is old',
      { notice: { id: 'club', version: 1 } },
      /not the current one, which is 2: show that/,
    ],
    ['that does not exist', { notice: { id: 'clup' } }, /does not exist; did you mean `club`\?/],
    [
      'in another language',
      { notice: { id: 'club', language: 'fr' } },
      /no text in `fr`; there are en/,
    ],
    ['that does not list it', { purpose: 'SUGGEST' }, /does not list `SUGGEST`/],
    ['is needed', { notice: undefined }, /is told of by the notice `club`/],
  ])('%s is refused', (_what, changes, message) => {
    expect(() => resolveConsent(yes(changes), policy, book)).toThrow(message);
  });

  it('takes what was said of old under the version of then', () => {
    const at = new Date(Date.UTC(2026, 0, 1, 12));
    const then = yes({ at, notice: { id: 'club', version: 1 } });
    expect(resolveConsent(then, policy, book).notice).toEqual({
      id: 'club',
      version: 1,
      language: 'en',
    });
    expect(resolveConsent(yes({ at, notice: undefined }), policy, book).notice).toBeUndefined();
  });
});

describe('outgrown', () => {
  it('is silent where all is told, by one notice or several, declared and deprecated data apart', () => {
    const one = contentOf(offersYaml('MAIL, PUSH'));
    const other = contentOf(offersYaml('SMS'));
    const [club = []] = bookOf(one).values();
    const two = new Map([
      ['club', club],
      ['other', ([...bookOf(other).values()][0] ?? []).map((it) => ({ ...it, id: 'other' }))],
    ]);
    expect(outgrown(policy, two)).toEqual([]);
    const suggest = contentOf(
      offersYaml('MAIL').replace('OFFERS: { categories: [MAIL]', 'SUGGEST: { categories: [BOUGHT]'),
    );
    expect(outgrown(policy, bookOf(suggest))).toEqual([]);
    expect(outgrown(policy, new Map())).toEqual([]);
  });

  it('looks at the current version only, and names data nobody volunteered', () => {
    const full = contentOf(offersYaml('MAIL, SMS, PUSH'));
    const ads = contentOf(offersYaml('MAIL').replace('OFFERS', 'ADS'));
    expect(outgrown(policy, bookOf(full, ads))).toEqual([
      {
        notice: 'club',
        version: 2,
        purpose: 'ADS',
        what: 'ADS uses INCOME of origin THIRD_PARTY, which no notice tells',
      },
    ]);
  });
});
