import { Source } from 'graphql';
import type { ControllerConfig } from '../../src/config/config.ts';
import { compilePolicy, type Policy } from '../../src/policy/compile-policy.ts';
import { around, governance } from '../policy/sdl.ts';

/** Compiles a whole domain of its own. */
export const domain = (sdl: string): Policy =>
  compilePolicy({ governance, domain: [new Source(sdl, 'domain.graphql')] }, around);

/** A small domain in which every kind of statement about a purpose stands once. */
export const small = (): Policy =>
  domain(`
enum Category {
  CONTACT @category
  "Where mail goes"
  EMAIL @category(under: "CONTACT", dpv: "dpv-pd:EmailAddress")
  PHONE @category(under: "CONTACT", dpv: "tel")
  ORDERS @category
  INCOME @category
  TASTE @category
  SHOE_SIZE @category
}
enum Purpose {
  "Make it yours"
  PERSONAL @purpose
  "Suggest things"
  SUGGEST
    @purpose(
      under: "PERSONAL"
      covers: [ORDERS, INCOME, TASTE]
      gain: "Things that suit you"
      retention: "P1Y6M"
      recipients: ["Mail House Ltd", "Broker"]
      since: "2026-01-31"
      dpv: "dpv:Personalisation"
    )
  "Sell to others"
  ADS
    @purpose(covers: [CONTACT, ORDERS], sale: true, directMarketing: true, origins: [ZERO_PARTY, FIRST_PARTY])
    @basis(is: OPT_OUT, in: ["US-CA", "US-CO"])
  CARE @purpose(covers: [EMAIL, INCOME], basis: LEGITIMATE_INTEREST, retention: "P8W")
  SEND @purpose(covers: [CONTACT], basis: CONTRACT)
  OLD @purpose(covers: [EMAIL], basis: LEGAL_OBLIGATION, deprecated: "the law changed", replacedBy: "CARE")
  NOTHING @purpose
}
type Customer @table(source: "shop", name: "customer") @subject(id: "id") {
  id: ID! @open(because: "a number")
  email: String @shield(category: EMAIL)
  phone: String @shield(category: PHONE, rules: ["isStaff"])
  boughtPhone: String @shield(category: PHONE, origin: THIRD_PARTY)
  reach: String @shield(category: CONTACT)
  income: String @shield(category: INCOME, origin: THIRD_PARTY)
  both: String @shield(category: [EMAIL, ORDERS])
  size: Int @shield(category: SHOE_SIZE)
  orders: [Order!] @shield(category: ORDERS) @join(on: "customer_id")
}
type Order @table(source: "crm", name: "orders") @about(subject: "customer_id") {
  id: ID! @open(because: "a number")
  total: Decimal @shield(category: ORDERS)
}
type Product @table(source: "shop", name: "product") {
  id: ID!
}
`);

export const controller: ControllerConfig = {
  name: 'Example Ltd',
  address: '1 Example Street',
  contact: 'Privacy desk',
  email: 'privacy@example.com',
  url: 'https://example.com/',
  jurisdiction: 'IE',
  policyUrl: 'https://example.com/privacy_(now)',
  dataProtectionOfficer: 'A. Sample',
  storageLocations: ['IE', 'the cellar'],
  withdrawal: 'Write to us',
};
