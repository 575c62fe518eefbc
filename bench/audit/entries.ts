import { createHash } from 'node:crypto';
import { uuidv7 } from 'uuidv7';
import type { OperationEntry, PackedDecisions } from '../../src/audit/entry.ts';
import type { LoggedReason, Profile } from '../../src/decision/decided-rows.ts';
import { DecisionRecorder, type NotedRows } from '../../src/decision/recorder.ts';
import type { Decide, RowPlan } from '../../src/policy/plan.ts';

const fields = ['email', 'phone', 'name', 'city', 'birthday', 'segment'] as const;
const orderFields = ['id', 'total', 'placedAt'] as const;

const planOf = (decisions: readonly Decide[]): RowPlan => ({
  number: 0,
  typeName: 'Customer',
  read: { type: 'Customer', source: 'shop', table: 'customer', key: ['id'], columns: [] },
  cells: [],
  cellOf: new Map(),
  decisions,
  gates: [],
  joins: new Map(),
});

const customers = planOf([
  ...fields.map((field): Decide => ({ kind: 'ask', coordinates: [`Customer.${field}`], asks: [] })),
  {
    kind: 'open',
    coordinates: ['Customer.id', 'Customer.orders', 'Customer.since', 'Customer.tier'],
  },
]);
const orders = planOf([
  { kind: 'open', coordinates: orderFields.map((field) => `Order.${field}`) },
]);

const releasing: ReadonlySet<LoggedReason> = new Set(['CONSENTED', 'OPEN']);

/** What a query for so many customers, 6 governed fields of each and 3 orders, decides. */
export interface Operation {
  readonly batches: readonly NotedRows[];
}

/** Reproducible, and with the scatter of numbers that are drawn by lot: one of a million. */
const scattered = (i: number): number => {
  const bytes = createHash('sha256').update(String(i)).digest();
  return bytes.readUInt32BE(0) % 1_000_000;
};

/** 30% of the governed cells are withheld, as in the bench of requests. */
const reasonOf = (customer: number, field: number): LoggedReason => {
  const roll = createHash('sha256').update(`${customer} ${field}`).digest().readUInt32BE(0) % 100;
  if (roll < 70) return 'CONSENTED';
  return roll < 80 ? 'REFUSED' : 'NEVER_ASKED';
};

const profileWith = (reasons: readonly LoggedReason[]): Profile => ({
  releases: Uint8Array.from(reasons, (reason) => (releasing.has(reason) ? 1 : 0)),
  reasons,
  stays: true,
});

export const operationOf = (size: number): Operation => {
  const places = new Map<string, number>();
  const profiles: Profile[] = [];
  const subjects = Int32Array.from({ length: size }, (_, i) => scattered(i));
  const profileOf = subjects.map((_, i) => {
    const reasons = [...fields.map((_field, k) => reasonOf(i, k)), 'OPEN' as const];
    const key = reasons.join(' ');
    const place = places.get(key) ?? profiles.push(profileWith(reasons)) - 1;
    places.set(key, place);
    return place;
  });
  const open = [profileWith(['OPEN'])];
  return {
    batches: [
      { plan: customers, profiles, subjects, profileOf, count: size },
      // Rows of one person follow each other: they are noted as one.
      { plan: orders, profiles: open, subjects, profileOf: new Int32Array(size), count: size },
    ],
  };
};

/** What the gateway does of it for the log: note the rows, and pack. */
export const record = ({ batches }: Operation): PackedDecisions => {
  const recorder = new DecisionRecorder();
  for (const batch of batches) recorder.noteRows(batch);
  return recorder.packed();
};

/** An entry as the gateway makes it. */
export const entryWith = (packed: PackedDecisions): OperationEntry => ({
  kind: 'operation',
  id: uuidv7(),
  client: 'shop-front',
  actor: 'client:shop-front',
  purpose: 'RECOMMENDATIONS',
  operation: 'Customers',
  documentHash: '978db690a026cac0b20b8e26a23bdbb28d0bcb185ffeb867eff3e7792ec5a779',
  policy: `sha256:${'a'.repeat(64)}`,
  head: 60_204,
  decidedAt: 1_795_456_821_371_123,
  notices: ['club@2'],
  outcome: 'ANSWERED',
  signals: [],
  errors: [],
  ...packed,
});
