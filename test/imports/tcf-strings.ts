import { Segment, SegmentEncoder, TCModel } from '@iabtcf/core';

export const vendor = 123;

export interface TcfSaid {
  readonly purposes?: readonly number[];
  readonly vendors?: readonly number[];
  readonly interests?: readonly number[];
  readonly interestVendors?: readonly number[];
  readonly features?: readonly number[];
  readonly disclosed?: readonly number[];
  readonly at?: Date;
}

/** A TC string as a consent manager writes it. */
export const tcfString = (said: TcfSaid = {}): string => {
  const model = new TCModel();
  const at = said.at ?? new Date('2026-01-15T00:00:00Z');
  Object.assign(model, { cmpId: 10, cmpVersion: 2, vendorListVersion: 48, policyVersion: 4 });
  Object.assign(model, { consentLanguage: 'DE', publisherCountryCode: 'DE', created: at });
  model.lastUpdated = at;
  model.purposeConsents.set([...(said.purposes ?? [])]);
  model.vendorConsents.set([...(said.vendors ?? [vendor])]);
  model.purposeLegitimateInterests.set([...(said.interests ?? [])]);
  model.vendorLegitimateInterests.set([...(said.interestVendors ?? [])]);
  model.specialFeatureOptins.set([...(said.features ?? [])]);
  const core = SegmentEncoder.encode(model, Segment.CORE);
  if (!said.disclosed) return core;
  model.vendorsDisclosed.set([...said.disclosed]);
  return `${core}.${SegmentEncoder.encode(model, Segment.VENDORS_DISCLOSED)}`;
};
