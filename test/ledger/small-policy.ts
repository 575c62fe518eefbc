import { readdirSync, readFileSync } from 'node:fs';
import { Source } from 'graphql';
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
  SELL @purpose(covers: [BOUGHT]) @basis(is: OPT_OUT, in: ["US-CA"])
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
