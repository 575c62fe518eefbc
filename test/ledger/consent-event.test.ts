import { describe, expect, it } from 'vitest';
import type { ConsentInput } from '../../src/core/consent.ts';
import { demandObjectable } from '../../src/ledger/check-consent.ts';
import { resolveConsent } from '../../src/ledger/consent-event.ts';
import { personalNotices, policyOf } from './small-policy.ts';

const policy = policyOf();
const base: ConsentInput = {
  subject: { type: 'Customer', id: '1' },
  kind: 'given',
  purpose: 'SUGGEST',
  method: 'web-form',
};
const resolve = (changes: Partial<ConsentInput>) => {
  const input = { ...base, ...changes };
  const named = input.notice !== undefined || input.method === 'noticed';
  return resolveConsent(input, policy, named ? personalNotices : undefined);
};

describe('resolveConsent', () => {
  it('takes a grant for exactly the leaves that the purpose covers', () => {
    expect(resolve({})).toMatchObject({
      kind: 'given',
      purposes: ['SUGGEST'],
      categories: ['MAIL', 'PHONE', 'BOUGHT'],
    });
    expect(resolve({ categories: ['PHONE', 'MAIL', 'MAIL'] })).toMatchObject({
      categories: ['MAIL', 'PHONE'],
    });
  });

  it('takes a yes to an inner node for what its notice lists, each leaf purpose apart', () => {
    const notice = { id: 'personal', version: 1, language: 'de' };
    const part = { origins: [], declared: [], recipients: [], bases: ['CONSENT'] };
    expect(resolve({ purpose: 'PERSONAL', notice })).toEqual({
      kind: 'given',
      purposes: ['SUGGEST', 'REWARD'],
      categories: ['MAIL', 'BOUGHT', 'BIRTH'],
      notice,
      parts: [
        { purposes: ['SUGGEST'], categories: ['MAIL', 'BOUGHT'], ...part },
        { purposes: ['REWARD'], categories: ['BIRTH'], ...part },
      ],
    });
    expect(resolve({ purpose: 'PERSONAL', categories: ['CONTACT'], notice }).parts).toEqual([
      { purposes: ['SUGGEST'], categories: ['MAIL'], ...part },
    ]);
  });

  it.each(['refused', 'withdrawn', 'objected', 'revoked', 'requested', 'deferred'] as const)(
    'keeps the nodes that were said of one %s, and the leaves they had',
    (kind) => {
      const said = { purposes: ['PERSONAL', 'SUGGEST', 'REWARD'], categories: ['CONTACT'] };
      expect(resolve({ kind, purpose: 'PERSONAL', categories: ['CONTACT', 'CONTACT'] })).toEqual({
        kind,
        ...said,
        parts: [{ ...said, origins: [], declared: [], recipients: [], bases: null }],
      });
      expect(resolve({ kind })).toMatchObject({ purposes: ['SUGGEST'], categories: [] });
      // To say no to what is not even used is anybody's right.
      expect(resolve({ kind, categories: ['BIRTH'] })).toMatchObject({ categories: ['BIRTH'] });
      // And to everything at once.
      expect(resolve({ kind, purpose: undefined })).toMatchObject({ purposes: [] });
    },
  );

  it.each<[string, Partial<ConsentInput>, RegExp]>([
    ['kind', { kind: 'GIVEN' as 'given' }, /^the kind is none of given, renewed, refused/],
    ['kind', { kind: '__proto__' as 'given' }, /^the kind is none of/],
    ['method', { method: '' }, /`method`/],
    ['method', { method: 'Web Form' }, /`method`/],
    ['method', { method: 'a'.repeat(65) }, /`method`/],
    [
      'purpose',
      { purpose: 'SUGEST' },
      /^the purpose `SUGEST` does not exist; did you mean `SUGGEST`\?/,
    ],
    ['purpose', { purpose: 'constructor' }, /^the purpose `constructor` does not exist/],
    ['purpose', { purpose: '<b>\n'.repeat(99) }, /^the purpose given does not exist/],
    [
      'category',
      { categories: ['MAILS'] },
      /^the category `MAILS` does not exist; did you mean `MAIL`\?/,
    ],
    ['category', { categories: ['MAIL', ''] }, /^the category given does not exist/],
    ['categories', { categories: [] }, /`categories` is empty/],
    ['category', { categories: ['BIRTH'] }, /`SUGGEST` never uses `BIRTH`/],
    ['purpose', { purpose: 'IDLE' }, /`IDLE` uses no personal data/],
    ['type', { subject: { type: 'Custmer', id: '1' } }, /subject type `Custmer` .* `Customer`/],
    ['type', { subject: { type: 'Product', id: '1' } }, /subject type `Product` does not exist/],
    ['type', { subject: { type: '__proto__', id: '1' } }, /subject type `__proto__`/],
    ['time', { at: new Date(Number.NaN) }, /no instant/],
    ['time', { at: new Date(-8e15) }, /no instant/],
    ['time', { validUntil: new Date(8e15) }, /no instant/],
    ['validUntil', { validUntil: new Date(0) }, /`validUntil` is not after the yes/],
    ['validUntil', { at: new Date(5), validUntil: new Date(5) }, /`validUntil` is not after/],
    ['validUntil', { kind: 'refused', validUntil: new Date(8e12) }, /belongs to a yes only/],
    ['kind', { kind: 'erased' }, /^the kind is none of/],
    ['purpose', { purpose: undefined }, /a yes names the purpose/],
    ['purpose', { purpose: 'PERSONAL' }, /say yes to each of SUGGEST, REWARD, or name the notice/],
    ['category', { categories: ['CONTACT'] }, /name those meant of MAIL, PHONE, or the notice/],
    [
      'origin',
      { origins: ['FORTH_PARTY' as 'FIRST_PARTY'] },
      /did you mean `FIRST_PARTY`|there are/,
    ],
    ['origin', { origins: ['THIRD_PARTY'] }, /uses no data of origin `THIRD_PARTY`/],
    ['origins', { origins: [] }, /`origins` is empty/],
    [
      'declared field',
      { declared: ['Customer.email'] },
      /declared field `Customer.email` does not exist/,
    ],
    ['signal', { signal: 'DNT' as 'GPC', kind: 'refused' }, /a signal is one of GPC/],
    ['signal', { signal: 'GPC' }, /a signal is one of GPC and refuses/],
    ['confirmation', { kind: 'refused', confirmed: true }, /`confirmed` belongs to a yes only/],
    ['evidence', { evidence: 'e'.repeat(1_025) }, /`evidence` is over/],
    ['idempotencyKey', { idempotencyKey: '' }, /`idempotencyKey` is empty/],
    ['seen', { seen: -1 }, /`seen` is no position/],
    ['seen', { seen: Number.NaN }, /`seen` is no position/],
    ['notice', { notice: { id: 'persona' } }, /did you mean `personal`\?/],
    ['notice', { notice: { id: '__proto__' } }, /the notice given does not exist/],
    [
      'notice',
      { notice: { id: 'personal', version: 2 } },
      /version 2 .* not the current one, which is 1/,
    ],
    ['notice', { notice: { id: 'personal' }, at: new Date('2025-12-31') }, /not published yet/],
    [
      'language',
      { notice: { id: 'personal', language: 'fr' } },
      /no text in `fr`; there are en, de/,
    ],
    ['notice', { notice: { id: 'personal' }, purpose: 'SELL' }, /does not list `SELL`/],
    [
      'notice',
      { notice: { id: 'personal' }, categories: ['PHONE'] },
      /does not list `PHONE` for `SUGGEST`/,
    ],
    ['notice', { method: 'noticed' }, /is told of by the notice `personal`/],
    ['actor', { actor: 'a\0' }, /the actor is/],
    ['actor', { actor: '\udc00' }, /the actor is/],
    ['actor', { actor: 'a'.repeat(257) }, /the actor is/],
  ])('refuses a wrong %s', (_, changes, message) => {
    expect(() => resolve(changes)).toThrow(
      expect.objectContaining({
        code: 'CONSENT_INVALID',
        status: 400,
        message: expect.stringMatching(message),
      }),
    );
  });
});

describe('demandObjectable', () => {
  it('tells where an objection does not count', () => {
    const object = (purpose: string | undefined) =>
      demandObjectable({ ...base, kind: 'objected', purpose }, policy);
    expect(() => object('DELIVER')).toThrow(/`DELIVER` rests on CONTRACT, against which/);
    for (const purpose of ['PREVENT', 'SUGGEST', 'PERSONAL', undefined]) object(purpose);
  });
});
