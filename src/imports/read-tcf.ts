import { RestrictionType, TCString, type TCModel } from '@iabtcf/core';
import { z } from 'zod';
import type { ConsentInput } from '../core/consent.ts';
import { malformedTcf } from './check-tcf-bits.ts';
import { instant, personId, refusalOfIssue, text, type RowContext } from './event-of-record.ts';
import type { FileRecord, ImportRow, Refusal } from './row.ts';
import type { TcfMap, TcfPurpose } from './tcf-map.ts';

const shape = {
  subject: personId,
  tcf: text.max(16_384, 'is over 16,384 characters'),
  type: text.optional(),
  at: instant.optional(),
  actor: text.optional(),
  evidence: text.optional(),
};
const record = z.object(shape);

/** Keys and columns of a row with a TC string. */
export const tcfKeys: readonly string[] = Object.keys(shape);

const day = 86_400_000;
/** No string of version 2 is older than its specification. */
const firstDay = Date.parse('2019-08-01T00:00:00Z');

/** A TC string that holds together, or what is wrong with it. */
const decode = (tcf: string): TCModel | Refusal => {
  const wrong = malformedTcf(tcf);
  if (wrong !== undefined) return { reason: `the TC string ${wrong}` };
  let model: TCModel;
  try {
    model = TCString.decode(tcf);
  } catch {
    // Whatever it throws, and its message may repeat the string.
    return { reason: 'the TC string cannot be decoded' };
  }
  const { created, lastUpdated } = model;
  if (!(
    created.getTime() >= firstDay &&
    lastUpdated >= created &&
    lastUpdated.getTime() <= Date.now() + day
  ))
    return { reason: 'the TC string has impossible dates' };
  return model;
};

/** Whether a publisher lets our vendor use a purpose by consent. */
const restricted = ({ publisherRestrictions }: TCModel, vendor: number, purpose: number): boolean =>
  publisherRestrictions
    .getRestrictions(vendor)
    .some(
      ({ purposeId, restrictionType }) =>
        purposeId === purpose && restrictionType !== RestrictionType.REQUIRE_CONSENT,
    );

const consents = (model: TCModel, vendor: number, { needs, features }: TcfPurpose): boolean =>
  model.vendorConsents.has(vendor) &&
  needs.every((id) => model.purposeConsents.has(id) && !restricted(model, vendor, id)) &&
  features.every((id) => model.specialFeatureOptins.has(id));

const objects = (model: TCModel, vendor: number, { needs }: TcfPurpose): boolean =>
  !model.vendorLegitimateInterests.has(vendor) ||
  needs.some((id) => !model.purposeLegitimateInterests.has(id));

/** Legitimate interest that nobody objected to is no word of the person's. */
const kindOf = (
  model: TCModel,
  vendor: number,
  purpose: TcfPurpose,
): ConsentInput['kind'] | undefined => {
  if (purpose.legitimateInterest) return objects(model, vendor, purpose) ? 'objected' : undefined;
  return consents(model, vendor, purpose) ? 'given' : 'refused';
};

/**
 * When a string was said. Most tell the day only: then a yes counts from its start, and a no from
 * its end, so that of two words said on one day the no stands.
 */
const timesOf = (
  { lastUpdated }: TCModel,
  at: Date | undefined,
): { yes: Date; no: Date } | Refusal => {
  const said = lastUpdated.getTime();
  const dayOnly = said % day === 0;
  if (at !== undefined) {
    const fits = dayOnly ? Math.floor(at.getTime() / day) * day === said : at.getTime() === said;
    if (!fits)
      return {
        reason: '`at` is not when the TC string says it was last updated',
        mend: 'leave `at` out: it is not when the string was stored or sent',
      };
    return { yes: at, no: at };
  }
  const end = Math.min(said + day - 1, Math.max(said, Date.now()));
  return { yes: lastUpdated, no: dayOnly ? new Date(end) : lastUpdated };
};

const rowOf = (
  fields: Readonly<Record<string, unknown>>,
  { vendor, purposes }: TcfMap,
  { defaultType }: RowContext,
): readonly ConsentInput[] | Refusal => {
  const parsed = record.safeParse(fields);
  if (!parsed.success) return refusalOfIssue(parsed.error, fields);
  const { subject, type = defaultType, tcf, at, actor, evidence } = parsed.data;
  if (type === undefined)
    return { reason: '`type` is missing', mend: 'several types are persons: say which' };
  const model = decode(tcf);
  if ('reason' in model) return model;
  if (model.vendorsDisclosed.maxId > 0 && !model.vendorsDisclosed.has(vendor))
    return {
      reason: `the TC string does not disclose vendor ${vendor}: this person was not asked`,
    };
  const times = timesOf(model, at);
  if ('reason' in times) return times;
  const source = `iab-tcf:v2 cmp=${model.cmpId} policy=${model.policyVersion} gvl=${model.vendorListVersion}`;
  return purposes.flatMap((one): readonly ConsentInput[] => {
    const kind = kindOf(model, vendor, one);
    if (kind === undefined) return [];
    const { purpose, categories } = one;
    return [
      {
        subject: { type, id: subject },
        kind,
        purpose,
        categories,
        at: kind === 'given' ? times.yes : times.no,
        method: 'import-tcf',
        actor,
        evidence: evidence === undefined ? source : `${source}; ${evidence}`,
      },
    ];
  });
};

/** What records with TC strings say of the map's vendor and purposes. */
export const readTcf = async function* (
  records: AsyncIterable<FileRecord>,
  map: TcfMap,
  context: RowContext,
): AsyncGenerator<ImportRow> {
  for await (const read of records) {
    if ('refused' in read) {
      yield read;
      continue;
    }
    const row = rowOf(read.fields, map, context);
    yield 'reason' in row ? { line: read.line, refused: row } : { line: read.line, events: row };
  }
};
