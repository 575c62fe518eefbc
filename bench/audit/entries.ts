import { createHash } from 'node:crypto';
import { uuidv7 } from 'uuidv7';
import type { OperationEntry, PackedDecisions } from '../../src/audit/entry.ts';
import { DecisionRecorder, type LoggedReason } from '../../src/decision/recorder.ts';
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

/** What a query for so many customers, 6 governed fields of each and 3 orders, decides. */
export interface Operation {
  readonly rows: readonly {
    readonly plan: RowPlan;
    readonly reasons: readonly LoggedReason[];
    readonly subject: number;
  }[];
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

export const operationOf = (size: number): Operation => ({
  rows: Array.from({ length: size }, (_, i) => {
    const subject = scattered(i);
    const reasons = [...fields.map((_field, k) => reasonOf(i, k)), 'OPEN' as const];
    return [
      { plan: customers, reasons, subject },
      ...orderFields.map(() => ({ plan: orders, reasons: ['OPEN' as const], subject })),
    ];
  }).flat(),
});

/** What the gateway does of it for the log: note each row, and pack. */
export const record = ({ rows }: Operation): PackedDecisions => {
  const recorder = new DecisionRecorder();
  for (const { plan, reasons, subject } of rows) recorder.noteRow(plan, reasons, subject);
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
