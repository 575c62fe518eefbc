import { readdirSync, readFileSync } from 'node:fs';
import { Source } from 'graphql';
import type { NoticeBook, NoticeContent } from '../../src/core/notice.ts';
import { compilePolicy, type Policy } from '../../src/policy/compile-policy.ts';

const at = new URL('../../schema/governance/', import.meta.url);
const governance = readdirSync(at).map(
  (file) => new Source(readFileSync(new URL(file, at), 'utf8'), file),
);

const customer = `
type Customer @table(source: "shop", name: "customer") @subject(id: "id", place: "country") {
  id: ID! @open(because: "surrogate key")
  email: String @shield(category: MAIL)
  phone: String @shield(category: PHONE)
  birthDate: Date @shield(category: BIRTH)
  bought: String @shield(category: BOUGHT)
}
type Product @table(source: "shop", name: "product") {
  id: ID!
}`;

export const categories = `
enum Category {
  CONTACT @category
  MAIL @category(under: "CONTACT")
  PHONE @category(under: "CONTACT")
  BIRTH @category
  BOUGHT @category
}`;

export const purposes = `
enum Purpose {
  PERSONAL @purpose
  SUGGEST @purpose(under: "PERSONAL", covers: [BOUGHT, CONTACT])
  REWARD @purpose(under: "PERSONAL", covers: [BIRTH])
  DELIVER @purpose(covers: [CONTACT], basis: CONTRACT)
  PREVENT @purpose(covers: [MAIL], basis: LEGITIMATE_INTEREST)
  SELL @purpose(covers: [BOUGHT], sale: true) @basis(is: OPT_OUT, in: ["US-CA"])
  IDLE @purpose
}`;

/** A policy out of these enums; those of this file unless others are given. */
export const policyOf = (changes: { categories?: string; purposes?: string } = {}): Policy =>
  compilePolicy(
    {
      governance,
      domain: [
        new Source(
          `${changes.categories ?? categories}\n${changes.purposes ?? purposes}\n${customer}`,
          'small.graphql',
        ),
      ],
    },
    { sources: ['shop'], rules: [], resolvers: [] },
  );

export const pairOf = (policy: Policy, name: string): number => {
  const [purpose = '', category = ''] = name.split(' ');
  const pair = policy.pairOf(purpose, category);
  if (!pair) throw new Error(`the policy has no pair ${name}`);
  return pair.index;
};

/** A notice that tells of both purposes under PERSONAL, and not of phones. */
export const personalNotice: NoticeContent = {
  purposes: [
    {
      purpose: 'SUGGEST',
      categories: ['BOUGHT', 'MAIL'],
      origins: ['FIRST_PARTY', 'ZERO_PARTY'],
      recipients: [],
      bases: ['CONSENT'],
      retention: null,
    },
    {
      purpose: 'REWARD',
      categories: ['BIRTH'],
      origins: ['FIRST_PARTY', 'ZERO_PARTY'],
      recipients: [],
      bases: ['CONSENT'],
      retention: null,
    },
  ],
  languages: [
    { language: 'en', text: { title: 't', text: 'x', gain: 'g', withdraw: 'w' } },
    { language: 'de', text: { title: 't', text: 'x', gain: 'g', withdraw: 'w' } },
  ],
};

export const personalNotices: NoticeBook = new Map([
  [
    'personal',
    [
      {
        ...personalNotice,
        id: 'personal',
        version: 1,
        position: 1,
        contentHash: 'sha256:c',
        meaningHash: 'sha256:m',
        publishedAt: new Date('2026-01-01T00:00:00Z'),
        publishedBy: 'test',
      },
    ],
  ],
]);
