import { isAsking, isYes } from '../core/consent.ts';
import {
  basisTerm,
  involvementTerm,
  isSpecial,
  sourceTerm,
  stateTerm,
  termOf,
} from './dpv-terms.ts';
import { isoContext } from './iso-context.ts';
import { nameUuid } from './name-uuid.ts';
import {
  jurisdictionsOf,
  notStated,
  says,
  stated,
  type ReceiptCategory,
  type ReceiptController,
  type ReceiptFacts,
  type ReceiptPurpose,
} from './receipt-facts.ts';

const once = (terms: readonly (string | undefined)[]): readonly string[] => [
  ...new Set(terms.filter((term) => term !== undefined)),
];

const partyIdOf = ({ name }: ReceiptController): string => `urn:uuid:${nameUuid(`party:${name}`)}`;

const party = (controller: ReceiptController) => {
  const { email, phone, url, dataProtectionOfficer } = controller;
  return {
    '@id': partyIdOf(controller),
    '@type': 'DataController',
    party_id: partyIdOf(controller),
    party_name: stated(controller.name),
    party_address: stated(controller.address),
    party_contact: stated(controller.contact),
    party_type: 'dpv:LegalEntity',
    party_role: 'dpv:DataController',
    ...(says(email) && { party_email: email }),
    ...(says(url) && { party_url: url }),
    ...(says(phone) && { party_phone: phone }),
    ...(says(dataProtectionOfficer) && { data_protection_officer: dataProtectionOfficer }),
  };
};

const pii = (category: ReceiptCategory, { basis }: ReceiptPurpose) => {
  const term = termOf(category.dpv);
  const attributes = category.attributes ?? [];
  // Where nothing but the person's word opens the data, nobody needs them.
  const optional = basis.length > 0 && basis.every((one) => one === 'CONSENT');
  return {
    '@type': 'PersonalData',
    pii_type: category.name,
    ...(says(category.description) && { description: category.description }),
    ...(term !== undefined && { pii_category: term }),
    ...(term !== undefined &&
      isSpecial(term) && { special_pii_category: 'dpv:SpecialCategoryPersonalData' }),
    ...(attributes.length > 0 && { pii_attribute_id: attributes }),
    ...(optional && { pii_optional: 'dpv:Optional' }),
  };
};

const process = (purpose: ReceiptPurpose, { storageLocations }: ReceiptController) => {
  const types = once([
    termOf(purpose.dpv),
    purpose.sale ? 'dpv:SellDataToThirdParties' : undefined,
    purpose.directMarketing ? 'dpv:DirectMarketing' : undefined,
  ]);
  const bases = once(purpose.basis.map((basis) => basisTerm[basis]));
  const involvement = once(purpose.basis.map((basis) => involvementTerm[basis]));
  return {
    '@type': 'Process',
    purpose: {
      '@type': 'Purpose',
      name: purpose.name,
      ...(says(purpose.description) && { description: purpose.description }),
      ...(says(purpose.gain) && { gain: purpose.gain }),
      ...(types.length > 0 && { purpose_type: types }),
    },
    ...(bases.length > 0 && { lawful_basis: bases }),
    ...(involvement.length > 0 && { involvement }),
    pii_information:
      purpose.categories.length > 0
        ? purpose.categories.map((category) => pii(category, purpose))
        : [{ '@type': 'PersonalData', pii_type: notStated }],
    storage_locations: {
      '@type': 'StorageLocation',
      locations: storageLocations.length > 0 ? storageLocations.map(stated) : [notStated],
    },
    retention_period: { '@type': 'StorageDuration', duration: stated(purpose.retention) },
    recipient_third_parties: purpose.recipients.map((name) => ({
      '@type': 'Recipient',
      party_name: stated(name),
    })),
  };
};

/** A receipt has at least one purpose; a statement about none that is known says so. */
const unknownPurpose: ReceiptPurpose = {
  name: notStated,
  description: null,
  gain: null,
  dpv: null,
  basis: [],
  sale: false,
  directMarketing: false,
  recipients: [],
  retention: null,
  categories: [],
};

const notice = ({ notice: shown }: ReceiptFacts) =>
  shown === null
    ? notStated
    : {
        '@type': 'ConsentNotice',
        notice_id: shown.id,
        notice_version: shown.version,
        content_hash: shown.contentHash,
        title: shown.title,
        description: shown.text,
        language: shown.language,
      };

/** Until when the event says something: a word stands until another one. */
const validity = ({ kind, validUntil }: ReceiptFacts) => {
  if (validUntil !== null) return { '@type': 'UntilTimeDuration', value: validUntil.toISOString() };
  if (kind === 'erased') return { '@type': 'EndlessDuration', value: 'no end' };
  const event = isYes(kind) ? 'withdrawal' : isAsking(kind) ? 'answer' : 'consent';
  return { '@type': 'UntilEventDuration', value: event };
};

/** Whose word it is. The person's, but for the acts that are somebody else's by definition. */
const entityOf = ({ kind, actor, principal, controller }: ReceiptFacts): string => {
  if (kind === 'requested') return partyIdOf(controller);
  return kind === 'revoked' || kind === 'erased' ? stated(actor) : principal;
};

/** The legal basis that the event is about. */
const eventTypeOf = ({ kind, notice: shown, purposes }: ReceiptFacts): string => {
  // Expressed consent is informed consent to the vocabulary: only a notice that was shown tells it.
  if (isYes(kind)) return shown === null ? 'dpv:Consent' : 'dpv:ExpressedConsent';
  if (kind !== 'objected') return 'dpv:Consent';
  const bases = purposes.flatMap(({ basis }) => basis);
  if (bases.includes('LEGITIMATE_INTEREST')) return 'dpv:LegitimateInterest';
  return once(bases.map((basis) => basisTerm[basis]))[0] ?? 'dpv:LegalBasis';
};

const stateOf = (facts: ReceiptFacts): string => {
  if (facts.kind !== 'objected') return stateTerm[facts.kind];
  return eventTypeOf(facts) === 'dpv:LegitimateInterest'
    ? 'dpv:LegitimateInterestObjected'
    : 'dpv:RequestAcknowledged';
};

const event = (facts: ReceiptFacts) => ({
  event_time: facts.at.toISOString(),
  validity_duration: validity(facts),
  entity_id: entityOf(facts),
  event_type: eventTypeOf(facts),
  event_state: stateOf(facts),
  indication_method: [
    stated(facts.method),
    ...(facts.signal === null ? [] : [`signal:${facts.signal}`]),
  ],
  ...(facts.confirmed && { remarks: ['confirmed against a signal that says otherwise'] }),
});

const record = (facts: ReceiptFacts) => {
  const { controller } = facts;
  const purposes = facts.purposes.length > 0 ? facts.purposes : [unknownPurpose];
  return {
    '@id': `urn:uuid:${facts.record}`,
    '@type': facts.kind === 'objected' ? 'RightExerciseRecord' : 'ConsentRecord',
    schema_version: 'https://w3id.org/dpv/schema/dpv-27560#record',
    record_id: facts.record,
    pii_principal_id: facts.principal,
    created: facts.recordedAt.toISOString(),
    ...(says(facts.actor) && { recorded_by: facts.actor }),
    ...(facts.policy !== null && { policy: facts.policy }),
    ...(says(facts.evidence) && { evidence: facts.evidence }),
    privacy_notice: notice(facts),
    language: stated(facts.notice?.language),
    jurisdiction: jurisdictionsOf(facts),
    pii_controllers: [partyIdOf(controller)],
    collection_method: once(facts.origins.map((origin) => sourceTerm[origin])),
    origins: facts.origins,
    withdrawal_method: {
      '@type': 'WithdrawConsent',
      exercised_at: stated(facts.notice?.withdraw ?? controller.withdrawal),
    },
    purposes: purposes.map((purpose) => process(purpose, controller)),
    parties: [party(controller)],
    events: [event(facts)],
  };
};

/**
 * The receipt of ISO/IEC TS 27560 as JSON-LD with terms of DPV 2.3. It conforms to
 * `schema/receipts/iso-27560.schema.json`; the same facts give the same receipt.
 */
export const writeIsoReceipt = (facts: ReceiptFacts) => ({
  '@context': isoContext,
  '@id': `urn:uuid:${facts.receiptId}`,
  '@type': 'ConsentReceipt',
  schema_version: 'https://w3id.org/dpv/schema/dpv-27560#receipt',
  receipt_id: facts.receiptId,
  // When the statement was recorded, not when somebody asked: a receipt does not change by asking.
  created: facts.recordedAt.toISOString(),
  record: record(facts),
});
export type IsoReceipt = ReturnType<typeof writeIsoReceipt>;
