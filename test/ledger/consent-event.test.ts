import { describe, expect, it } from 'vitest';
import type { ConsentInput } from '../../src/core/consent.ts';
import { resolveConsent } from '../../src/ledger/consent-event.ts';
import { policyOf } from './small-policy.ts';

const policy = policyOf();
const base: ConsentInput = {
  subject: { type: 'Customer', id: '1' },
  kind: 'given',
  purpose: 'SUGGEST',
  method: 'web-form',
};
const resolve = (changes: Partial<ConsentInput>) => resolveConsent({ ...base, ...changes }, policy);

describe('resolveConsent', () => {
  it('takes a grant for exactly the leaves that the purpose covers', () => {
    expect(resolve({})).toMatchObject({
      kind: 'given',
      purposes: ['SUGGEST'],
      categories: ['MAIL', 'PHONE', 'BOUGHT'],
    });
    expect(resolve({ categories: ['CONTACT', 'MAIL'] })).toMatchObject({
      categories: ['MAIL', 'PHONE'],
    });
  });

  it('takes a grant for an inner purpose apart, where its leaves cover different things', () => {
    expect(resolve({ purpose: 'PERSONAL' })).toEqual({
      kind: 'given',
      purposes: ['SUGGEST', 'REWARD'],
      categories: ['MAIL', 'PHONE', 'BIRTH', 'BOUGHT'],
      parts: [
        { purposes: ['SUGGEST'], categories: ['MAIL', 'PHONE', 'BOUGHT'] },
        { purposes: ['REWARD'], categories: ['BIRTH'] },
      ],
    });
    expect(resolve({ purpose: 'PERSONAL', categories: ['BIRTH'] }).parts).toEqual([
      { purposes: ['REWARD'], categories: ['BIRTH'] },
    ]);
  });

  it.each(['refused', 'withdrawn', 'objected'] as const)(
    'keeps the nodes that were said of one %s, and the leaves they had',
    (kind) => {
      expect(resolve({ kind, purpose: 'PERSONAL', categories: ['CONTACT', 'CONTACT'] })).toEqual({
        kind,
        purposes: ['PERSONAL', 'SUGGEST', 'REWARD'],
        categories: ['CONTACT'],
        parts: [{ purposes: ['PERSONAL', 'SUGGEST', 'REWARD'], categories: ['CONTACT'] }],
      });
      expect(resolve({ kind })).toMatchObject({ purposes: ['SUGGEST'], categories: [] });
      // To say no to what is not even used is anybody's right.
      expect(resolve({ kind, categories: ['BIRTH'] })).toMatchObject({ categories: ['BIRTH'] });
    },
  );

  it.each<[string, Partial<ConsentInput>, RegExp]>([
    ['kind', { kind: 'GIVEN' as 'given' }, /^the kind is none of given, refused/],
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
    ['validUntil', { validUntil: new Date(0) }, /`validUntil` is not after the grant/],
    ['validUntil', { at: new Date(5), validUntil: new Date(5) }, /`validUntil` is not after/],
    ['validUntil', { kind: 'refused', validUntil: new Date(8e12) }, /belongs to a grant only/],
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
