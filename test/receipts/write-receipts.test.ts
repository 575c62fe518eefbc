import { describe, expect, it } from 'vitest';
import { isSpecial, termOf } from '../../src/receipts/dpv-terms.ts';
import { isoContext } from '../../src/receipts/iso-context.ts';
import { nameUuid } from '../../src/receipts/name-uuid.ts';
import { notStated, receiptIdOf } from '../../src/receipts/receipt-facts.ts';
import { writeIsoReceipt } from '../../src/receipts/write-iso-receipt.ts';
import { writeKantaraReceipt } from '../../src/receipts/write-kantara-receipt.ts';
import { fullFacts } from './facts.ts';

const eventOf = (facts: typeof fullFacts) => writeIsoReceipt(facts).record.events[0];
const bare = { ...fullFacts, notice: null, signal: null, confirmed: false, validUntil: null };

describe('receipt ids', () => {
  it('are of UUID version 5, and always the same', () => {
    const id = receiptIdOf(fullFacts.record);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    // Written down: a change of it would give every receipt ever handed out another name.
    expect(id).toBe('fa1691dd-680a-5a04-99d6-794ebb56d7dd');
    expect(receiptIdOf(fullFacts.record.toUpperCase())).toBe(id);
    expect(nameUuid('a')).not.toBe(nameUuid('b'));
  });
});

describe('ISO/IEC TS 27560', () => {
  it('explains each key that it uses in its own context', () => {
    const keys = (value: unknown): string[] =>
      Array.isArray(value)
        ? value.flatMap(keys)
        : typeof value === 'object' && value !== null
          ? Object.entries(value).flatMap(([key, item]) => [key, ...keys(item)])
          : [];
    const { '@context': context, ...receipt } = writeIsoReceipt(fullFacts);
    expect(context).toBe(isoContext);
    // `events` means something else in either kind of record.
    const known = new Set(['@id', '@type', 'events', ...Object.keys(context)]);
    expect(keys(receipt).filter((key) => !known.has(key))).toEqual([]);
    expect(JSON.stringify(context)).not.toMatch(/"@(?:import|base|vocab)"/);
  });

  it.each([
    ['given', 'dpv:ConsentGiven'],
    ['renewed', 'dpv:RenewedConsentGiven'],
    ['refused', 'dpv:ConsentRefused'],
    ['withdrawn', 'dpv:ConsentWithdrawn'],
    ['revoked', 'dpv:ConsentRevoked'],
    ['requested', 'dpv:ConsentRequested'],
    ['deferred', 'dpv:ConsentRequestDeferred'],
    ['erased', 'dpv:ConsentUnknown'],
  ] as const)('%s is the state %s', (kind, state) => {
    const { record } = writeIsoReceipt({ ...fullFacts, kind });
    expect(record['@type']).toBe('ConsentRecord');
    expect(record.events[0]?.event_state).toBe(state);
  });

  it('records an objection as the exercise of a right, against the basis it is about', () => {
    const { record } = writeIsoReceipt({ ...fullFacts, kind: 'objected' });
    expect(record['@type']).toBe('RightExerciseRecord');
    expect(record.events[0]).toMatchObject({
      event_type: 'dpv:LegitimateInterest',
      event_state: 'dpv:LegitimateInterestObjected',
    });
    expect(eventOf({ ...fullFacts, kind: 'objected', purposes: [] })).toMatchObject({
      event_type: 'dpv:LegalBasis',
      event_state: 'dpv:RequestAcknowledged',
    });
  });

  it('calls a yes informed only where a notice was shown', () => {
    expect(eventOf(fullFacts)?.event_type).toBe('dpv:ExpressedConsent');
    expect(eventOf(bare)?.event_type).toBe('dpv:Consent');
  });

  it('names whose word it is', () => {
    const { pii_controllers: controllers } = writeIsoReceipt(fullFacts).record;
    expect(eventOf(fullFacts)?.entity_id).toBe('4711');
    expect(eventOf({ ...fullFacts, kind: 'requested' })?.entity_id).toBe(controllers[0]);
    expect(eventOf({ ...fullFacts, kind: 'revoked' })?.entity_id).toBe('shop-front');
    expect(eventOf({ ...fullFacts, kind: 'revoked', actor: null })?.entity_id).toBe(notStated);
  });

  it('says what nobody stated', () => {
    const { record } = writeIsoReceipt({
      ...bare,
      controller: { name: '', address: '', contact: '', jurisdiction: '', storageLocations: [] },
      jurisdiction: null,
    });
    expect(record).toMatchObject({
      privacy_notice: notStated,
      language: notStated,
      jurisdiction: [notStated],
      withdrawal_method: { exercised_at: notStated },
    });
    expect(record.purposes[1]).toMatchObject({
      pii_information: [{ pii_type: notStated }],
      retention_period: { duration: notStated },
      storage_locations: { locations: [notStated] },
    });
    expect(record.parties[0]).toMatchObject({ party_name: notStated, party_address: notStated });
  });
});

describe('Kantara 1.1', () => {
  it('has whole seconds, and no key that nobody knows', () => {
    const receipt = writeKantaraReceipt({ ...fullFacts, at: new Date(1_795_510_800_999) });
    expect(receipt.consentTimestamp).toBe(1_795_510_800);
    expect(receipt).not.toHaveProperty('publicKey');
  });

  it('tells special categories by their terms', () => {
    expect(writeKantaraReceipt(fullFacts)).toMatchObject({
      sensitive: true,
      spiCat: ['pd:Health'],
    });
    expect(writeKantaraReceipt({ ...fullFacts, purposes: [] })).toMatchObject({
      sensitive: false,
      spiCat: [],
    });
  });

  it('says who else gets the data, or that a sale names nobody', () => {
    const [suggest, advertise] = writeKantaraReceipt(fullFacts).services[0]?.purposes ?? [];
    expect(suggest).toMatchObject({ thirdPartyDisclosure: true, thirdPartyName: 'Print & Post' });
    expect(advertise).toMatchObject({ thirdPartyDisclosure: true, thirdPartyName: notStated });
  });

  it('never lets a no pass for a yes', () => {
    const [first] = writeKantaraReceipt({ ...bare, kind: 'withdrawn' }).services[0]?.purposes ?? [];
    expect(first?.consentType).toBe('WITHDRAWN');
    expect(first?.termination).toMatch(/^no consent: WITHDRAWN; /);
  });
});

describe('terms', () => {
  it.each(['dpv:Marketing', 'pd:Health', 'dpv-pd:Health', 'https://w3id.org/dpv/pd#Health'])(
    'takes %s',
    (term) => expect(termOf(term)).toBe(term),
  );
  it.each(['Marketing', 'other:Thing', 'dpv:', 'dpv:a b', 'https://example.org/pd#Health', ''])(
    'leaves out %j',
    (term) => expect(termOf(term)).toBeUndefined(),
  );
  it.each([
    ['dpv-pd:Religion', true],
    ['https://w3id.org/dpv/pd#Genetic', true],
    ['dpv:SpecialCategoryPersonalData', true],
    ['dpv:Religion', false],
    ['dpv-pd:EmailAddress', false],
    ['dpv-pd:Preference', false],
  ])('%s is special: %j', (term, special) => expect(isSpecial(term)).toBe(special));
});
