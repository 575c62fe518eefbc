import { z } from 'zod';
import { consentKinds, consentSignals, origins } from '../../core/consent.ts';

const time = z.iso.datetime({ offset: true });
const names = z.array(z.string()).min(1);
const origin = z.enum(origins);

/** What a line of `sayso consent import` states, without whose word it is. */
const stated = {
  kind: z.enum(consentKinds),
  purpose: z.string().optional(),
  categories: names.optional(),
  origins: z.array(origin).min(1).optional(),
  declared: names.optional(),
  notice: z
    .strictObject({
      id: z.string(),
      version: z.int().positive().optional(),
      language: z.string().optional(),
    })
    .optional(),
  validUntil: time.optional(),
  signal: z.enum(consentSignals).optional(),
  confirmed: z.boolean().optional(),
  actor: z.string().optional(),
};

/** What the ledger holds of a word, for one that was understood by a policy of the past. */
const leaves = z.strictObject({
  purposes: z.array(z.string()),
  categories: z.array(z.string()),
  origins: z.array(origin).optional(),
  declared: z.array(z.string()).optional(),
  recipients: z.array(z.string()).optional(),
  bases: z.array(z.string()).nullable().optional(),
});

/** A line of a history that is tried out. Whose it is and how it came about decides nothing. */
export const historyLine = z.strictObject({
  ...stated,
  at: time.optional(),
  subject: z.string().optional(),
  type: z.string().optional(),
  method: z.string().optional(),
  evidence: z.string().optional(),
  idempotencyKey: z.string().optional(),
});
export type HistoryLine = z.infer<typeof historyLine>;

const caseEvent = z.strictObject({ ...stated, at: time, leaves: leaves.optional() });
export type CaseEvent = z.infer<typeof caseEvent>;

const noticeVersion = z.strictObject({
  publishedAt: time,
  purposes: z
    .array(
      z.strictObject({
        purpose: z.string(),
        categories: names,
        origins: z.array(origin).min(1).default(['FIRST_PARTY', 'ZERO_PARTY']),
        recipients: z.array(z.string()).default([]),
        bases: names.default(['CONSENT']),
      }),
    )
    .min(1),
});

const notices = z.record(z.string(), z.array(noticeVersion).min(1)).default({});
export type CaseNotices = z.infer<typeof notices>;

const workedCase = z.strictObject({
  /** Reads as a fact. */
  name: z.string().min(1),
  events: z.array(caseEvent),
  request: z.strictObject({
    purpose: z.string(),
    /** `Type.field` */
    field: z.string(),
    place: z.string().nullable().optional(),
    gpc: z.boolean().optional(),
    at: time,
  }),
  expect: z.strictObject({ release: z.boolean(), reason: z.string() }),
});
export type WorkedCase = z.infer<typeof workedCase>;

/**
 * A file of worked cases: what persons might say, what is then asked, and what must come of it.
 *
 * ```json
 * {
 *   "notices": { "club": [{ "publishedAt": "2026-01-01T00:00:00Z",
 *     "purposes": [{ "purpose": "LOYALTY_OFFERS", "categories": ["LOYALTY"] }] }] },
 *   "groups": { "The club": [{
 *     "name": "a yes to the club is no yes to what its notice did not list",
 *     "events": [{ "kind": "given", "purpose": "LOYALTY_OFFERS", "notice": { "id": "club" },
 *       "at": "2026-02-01T10:00:00Z" }],
 *     "request": { "purpose": "LOYALTY_OFFERS", "field": "Customer.birthDate",
 *       "at": "2026-03-01T10:00:00Z" },
 *     "expect": { "release": false, "reason": "NOT_LISTED" } }] }
 * }
 * ```
 *
 * - `notices`, by id: the versions in their order, the first being 1. Left out, `origins` are those
 *   that a yes names by itself, `recipients` none, `bases` CONSENT.
 * - `events` are lines of `sayso consent import`; the order of the list decides nothing. With
 *   `leaves` an event is taken as the ledger holds it, instead of being understood by the policy of
 *   today: for what was said under an older one.
 * - `request`: `place` is where the person lives, `gpc` that the request carries the signal, `at`
 *   when it comes.
 * - `expect.reason` is the full reason, as the auditor's log has it.
 */
export const caseFileForm = z.strictObject({
  notices,
  groups: z.record(z.string(), z.array(workedCase)),
});
export type CaseFile = z.infer<typeof caseFileForm>;

/** Every key of the form, to know a misspelt one by. */
export const formKeys: readonly string[] = [
  ...Object.keys(caseFileForm.shape),
  ...Object.keys(workedCase.shape),
  ...Object.keys(workedCase.shape.request.shape),
  ...Object.keys(workedCase.shape.expect.shape),
  ...Object.keys(caseEvent.shape),
  ...Object.keys(historyLine.shape),
  ...Object.keys(leaves.shape),
  ...Object.keys(noticeVersion.shape),
  ...['id', 'version', 'language', 'bases'],
];
