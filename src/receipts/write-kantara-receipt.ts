import type { ConsentKind } from '../core/consent.ts';
import { isSpecial, termOf } from './dpv-terms.ts';
import {
  jurisdictionsOf,
  notStated,
  says,
  stated,
  type ReceiptFacts,
  type ReceiptPurpose,
} from './receipt-facts.ts';

/**
 * Kantara's receipts know only consents. `EXPLICIT` is the specification's word for a yes by an act
 * of its own, the one kind that the ledger records; any other kind stands in its place by name, so
 * that nobody takes a no for a yes.
 */
const consentTypes: Readonly<Record<ConsentKind, string>> = {
  given: 'EXPLICIT',
  renewed: 'EXPLICIT',
  refused: 'REFUSED',
  withdrawn: 'WITHDRAWN',
  revoked: 'REVOKED',
  objected: 'OBJECTED',
  requested: 'REQUESTED',
  deferred: 'DEFERRED',
  erased: 'ERASED',
};

/** Kantara's one field for how a consent ends and how long the data stay. */
const termination = (facts: ReceiptFacts, { retention }: ReceiptPurpose): string => {
  const type = consentTypes[facts.kind];
  const ends = facts.validUntil?.toISOString();
  return [
    type === 'EXPLICIT'
      ? `valid until ${ends === undefined ? 'withdrawal' : `withdrawal or ${ends}`}`
      : `no consent: ${type}`,
    `retention: ${stated(retention)}`,
    `withdrawal: ${stated(facts.notice?.withdraw ?? facts.controller.withdrawal)}`,
  ].join('; ');
};

const purpose = (facts: ReceiptFacts, about: ReceiptPurpose) => {
  const { name, description, dpv, categories, recipients } = about;
  const disclosed = about.sale || recipients.length > 0;
  return {
    purpose: says(description) ? `${name}: ${description}` : name,
    purposeCategory: [termOf(dpv) ?? notStated],
    consentType: consentTypes[facts.kind],
    piiCategory: categories.length > 0 ? categories.map((category) => category.name) : [notStated],
    // Part of the core service is what a contract with the person needs.
    primaryPurpose: about.basis.includes('CONTRACT'),
    termination: termination(facts, about),
    thirdPartyDisclosure: disclosed,
    ...(disclosed && { thirdPartyName: stated(recipients.filter(says).join(', ')) }),
  };
};

const nothingKnown = (facts: ReceiptFacts) => ({
  purpose: notStated,
  purposeCategory: [notStated],
  consentType: consentTypes[facts.kind],
  piiCategory: [notStated],
  primaryPurpose: false,
  termination: `no consent: ${consentTypes[facts.kind]}`,
  thirdPartyDisclosure: false,
});

const controllerOf = ({ controller }: ReceiptFacts) => ({
  piiController: stated(controller.name),
  onBehalf: false,
  contact: stated(controller.contact),
  address: { streetAddress: stated(controller.address) },
  email: stated(controller.email),
  phone: stated(controller.phone),
  ...(says(controller.url) && { piiControllerUrl: controller.url }),
});

const specialTermsOf = ({ purposes }: ReceiptFacts): readonly string[] => [
  ...new Set(
    purposes
      .flatMap(({ categories }) => categories.map(({ dpv }) => termOf(dpv)))
      .filter((term) => term !== undefined)
      .filter(isSpecial),
  ),
];

/**
 * The receipt of the Kantara Consent Receipt Specification 1.1. It conforms to
 * `schema/receipts/kantara-1.1.schema.json`. `publicKey`, which is optional there, is left out: no
 * key of the controller is known, and one of ours would say that they signed it.
 */
export const writeKantaraReceipt = (facts: ReceiptFacts) => {
  const special = specialTermsOf(facts);
  return {
    version: 'KI-CR-v1.1.0',
    jurisdiction: jurisdictionsOf(facts).join(', '),
    consentTimestamp: Math.floor(facts.at.getTime() / 1000),
    collectionMethod: [
      stated(facts.method),
      ...(facts.signal === null ? [] : [`signal ${facts.signal}`]),
    ].join(', '),
    consentReceiptID: facts.receiptId,
    language: stated(facts.notice?.language),
    piiPrincipalId: facts.principal,
    piiControllers: [controllerOf(facts)],
    policyUrl: stated(facts.controller.policyUrl),
    services: [
      {
        // SDL has purposes and no services.
        service: notStated,
        purposes:
          facts.purposes.length > 0
            ? facts.purposes.map((about) => purpose(facts, about))
            : [nothingKnown(facts)],
      },
    ],
    sensitive: special.length > 0,
    spiCat: special,
  };
};
export type KantaraReceipt = ReturnType<typeof writeKantaraReceipt>;
