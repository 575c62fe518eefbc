import { readdirSync, readFileSync } from 'node:fs';
import { Source } from 'graphql';
import type { Notice, NoticeBook, NoticeContent } from '../../src/core/notice.ts';
import { contentHash, meaningHash } from '../../src/notices/notice-hash.ts';
import { readNotice } from '../../src/notices/read-notice-file.ts';
import { compilePolicy, type Policy } from '../../src/policy/compile-policy.ts';

const at = new URL('../../schema/governance/', import.meta.url);
const governance = readdirSync(at).map(
  (file) => new Source(readFileSync(new URL(file, at), 'utf8'), file),
);

/** A domain for notices; `offers` are the arguments of the purpose OFFERS. */
export const domainSdl = (offers: string): string => `
enum Category {
  CONTACT @category
  MAIL @category(under: "CONTACT")
  SMS @category(under: "CONTACT")
  PUSH @category(under: "CONTACT")
  BOUGHT @category
  INCOME @category
  TASTE @category
  OLD @category(deprecated: "was two things", replacedBy: "BOUGHT")
}
enum Purpose {
  CLUB @purpose
  OFFERS @purpose(under: "CLUB", ${offers})
  SUGGEST @purpose(under: "CLUB", covers: [BOUGHT, TASTE, OLD])
  ADS @purpose(covers: [MAIL, INCOME], recipients: ["Acme", "Broadcast"])
    @basis(is: OPT_OUT, in: ["US-CA"])
  RESEARCH @purpose(covers: [INCOME], origins: [THIRD_PARTY])
  GUARD @purpose(covers: [MAIL], basis: LEGITIMATE_INTEREST, retention: "P1Y")
  FORMER @purpose(covers: [MAIL], deprecated: "no longer done", replacedBy: "OFFERS")
}
type Customer @table(source: "shop", name: "customer") @subject(id: "id") {
  id: ID! @open(because: "surrogate key")
  email: String @shield(category: MAIL)
  mobile: String @shield(category: SMS)
  device: String @shield(category: PUSH)
  bought: String @shield(category: BOUGHT)
  income: String @shield(category: INCOME, origin: THIRD_PARTY)
}
type Taste @declared {
  likes: String @shield(category: TASTE)
}
`;

export const usualOffers = 'covers: [CONTACT]';

/** The policy of that domain. */
export const noticePolicy = (offers = usualOffers): Policy =>
  compilePolicy(
    { governance, domain: [new Source(domainSdl(offers), 'shop.graphql')] },
    { sources: ['shop'], rules: [], resolvers: [] },
  );

const texts = '{ title: Offers, text: We use it., gain: Money, withdraw: Say so. }';

/** The YAML of a notice of OFFERS. */
export const offersYaml = (
  categories: string,
  { en = texts, more = '' }: { readonly en?: string; readonly more?: string } = {},
): string =>
  `id: club\npurposes:\n  OFFERS: { categories: [${categories}]${more} }\nlanguages:\n  en: ${en}\n`;

/** The content of YAML that has no problems. */
export const contentOf = (yaml: string, policy = noticePolicy()): NoticeContent => {
  const read = readNotice(yaml, 'club.yaml', policy);
  if (read.ok) return read.content;
  throw new Error(JSON.stringify(read.problems));
};

/** A book with these contents as the versions of one notice, published a day apart. */
export const bookOf = (...contents: readonly NoticeContent[]): NoticeBook =>
  new Map([
    [
      'club',
      contents.map((content, i): Notice => ({
        ...content,
        id: 'club',
        version: i + 1,
        position: i + 1,
        contentHash: contentHash(content),
        meaningHash: meaningHash(content),
        publishedAt: new Date(Date.UTC(2026, 0, 1 + i)),
        publishedBy: 'test',
      })),
    ],
  ]);
