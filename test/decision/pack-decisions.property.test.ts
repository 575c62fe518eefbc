import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../src/audit/entry.ts';
import { encodeEntry } from '../../src/audit/encode-entry.ts';
import type { LoggedReason, Profile } from '../../src/decision/decided-rows.ts';
import { DecisionRecorder, type NotedRows } from '../../src/decision/recorder.ts';
import type { RowPlan } from '../../src/policy/plan.ts';
import { packSlowly, type Told } from './pack-reference.ts';
import { rowPlan } from './plans.ts';

const anyReason = fc.constantFrom<LoggedReason>('CONSENTED', 'REFUSED', 'OPEN', 'NOT_COVERED');
const anyFields = fc.uniqueArray(
  fc.constantFrom('a', 'b', 'c', 'd').map((field) => `Customer.${field}`),
  { maxLength: 3 },
);

const anyPlan: fc.Arbitrary<RowPlan> = fc
  .array(fc.record({ coordinates: anyFields, gate: fc.boolean(), never: fc.boolean() }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((decisions) =>
    rowPlan(
      decisions.map(({ coordinates, never }) =>
        never
          ? { kind: 'never', coordinates, reason: 'NOT_COVERED' }
          : { kind: 'ask', coordinates, asks: [] },
      ),
      [],
      {
        gates: decisions.flatMap(({ coordinates: [coordinate = ''], gate }, decision) =>
          gate ? [{ decision, coordinate }] : [],
        ),
      },
    ),
  );

const anyProfile = ({ decisions: { length } }: RowPlan): fc.Arbitrary<Profile> =>
  fc.record({
    releases: fc.constant(new Uint8Array(length)),
    reasons: fc.array(anyReason, { minLength: length, maxLength: length }),
    stays: fc.boolean(),
  });

/** Neighbours, numbers that differ in each of their digits, and nobody. */
const anySubject = fc.oneof(
  fc.integer({ min: -1, max: 30 }),
  fc.constantFrom(1_023, 1_024, 24_000, 1_048_576, 1_073_741_824, 2_147_483_647),
);

const anyRows = (plan: RowPlan): fc.Arbitrary<NotedRows> =>
  fc.array(anyProfile(plan), { minLength: 1, maxLength: 4 }).chain((profiles) =>
    fc
      .array(fc.tuple(anySubject, fc.nat(profiles.length - 1)), { minLength: 1, maxLength: 30 })
      .map((rows) => ({
        ...{ plan, profiles, count: rows.length },
        // What lies behind those that count is nobody's.
        subjects: Int32Array.from([...rows.map(([subject]) => subject), 5, 6]),
        profileOf: Int32Array.from([...rows.map(([, profile]) => profile), 0, 0]),
      })),
  );

/** Plans that come again in one operation, each with rows of several batches. */
const anyTold: fc.Arbitrary<Told> = fc
  .array(anyPlan, { minLength: 1, maxLength: 3 })
  .chain((plans) =>
    fc.record({
      rows: fc.array(fc.constantFrom(...plans).chain(anyRows), { maxLength: 4 }),
      closed: fc.subarray(plans),
      accesses: fc.array(fc.tuple(anyFields, fc.integer({ min: 0, max: 30 })), { maxLength: 3 }),
    }),
  );

const packed = ({ rows, closed, accesses }: Told) => {
  const recorder = new DecisionRecorder();
  for (const noted of rows) recorder.noteRows(noted);
  for (const plan of closed) recorder.noteClosed(plan);
  for (const [coordinates, subject] of accesses) recorder.noteAccess(coordinates, subject);
  const once = recorder.packed();
  // What was noted is still there.
  expect(recorder.packed()).toEqual(once);
  return once;
};

const at = new Date('2026-03-04T05:06:07.089Z');
const entryOf = (decisions: ReturnType<typeof packSlowly>): AuditEntry => ({
  ...{
    kind: 'operation',
    id: '01a2099a-e558-7638-bbcd-7469a9de2ffc',
    client: 'shop',
    actor: 'shop',
  },
  ...{ documentHash: 'ab', policy: 'sha256:cd', outcome: 'ANSWERED' },
  ...{ notices: [], signals: [], errors: [], ...decisions },
});

describe('packed decisions', () => {
  it('are to the byte what they come to line by line and person by person', () => {
    fc.assert(
      fc.property(anyTold, (told) => {
        const slowly = packSlowly(told);
        const quickly = packed(told);
        expect(quickly).toEqual(slowly);
        expect(encodeEntry(entryOf(quickly), at)).toEqual(encodeEntry(entryOf(slowly), at));
      }),
      { numRuns: 1_000 },
    );
  });

  it('are the same of the thousandth operation, whatever came before', () => {
    const reasons = ['CONSENTED', 'REFUSED', 'OPEN', 'NOT_COVERED'] as const;
    const plan = rowPlan(
      Array.from({ length: 8 }, (_, k) => ({
        ...{ kind: 'ask' as const, coordinates: [`Customer.f${k}`], asks: [] },
      })),
      [],
    );
    // More than is remembered from one operation to the next.
    for (let turn = 0; turn < 30; turn += 1) {
      const profiles = Array.from({ length: 500 }, (_, i): Profile => ({
        ...{ releases: new Uint8Array(8), stays: true },
        reasons: Array.from({ length: 8 }, (_x, k) => reasons[((turn * 500 + i) >> (2 * k)) & 3]!),
      }));
      const subjects = Int32Array.from({ length: 600 }, (_, i) => (i * 7_919) % 1_009);
      const profileOf = Int32Array.from({ length: 600 }, (_, i) => i % 500);
      const rows = [{ plan, profiles, subjects, profileOf, count: 600 }];
      const told = { rows, closed: [], accesses: [] };
      expect(packed(told)).toEqual(packSlowly(told));
    }
  });
});
