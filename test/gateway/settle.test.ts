import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { createAuditStore, type AuditStore } from '../../src/audit/audit-store.ts';
import { decodeEntry } from '../../src/audit/decode-entry.ts';
import type { OperationEntry } from '../../src/audit/entry.ts';
import { readLeaves } from '../../src/audit/leaf-reader.ts';
import { beginLog } from '../../src/audit/log-state.ts';
import { openPool } from '../../src/database/connection.ts';
import { preparedStatements } from '../../src/database/prepared-statements.ts';
import { DecisionRecorder } from '../../src/decision/recorder.ts';
import { WithheldNotes } from '../../src/decision/withheld.ts';
import type { Turn } from '../../src/gateway/journey.ts';
import { createSettle } from '../../src/gateway/settle.ts';
import { ConsentSnapshot, type LedgerView } from '../../src/ledger/consent-snapshot.ts';
import { ConsentStore } from '../../src/ledger/consent-store.ts';
import { operation } from '../audit/raw-log.ts';
import { policyOf } from '../ledger/small-policy.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { directoryOn } from '../setup/subjects.ts';

const policy = policyOf();
let database: FreshDatabase;
let other: Knex;
let log: number;
let audit: AuditStore;
let snapshot: ConsentSnapshot;
beforeAll(async () => {
  database = await freshDatabase({ migrated: true });
  other = openPool(database.connection);
});
afterAll(async () => {
  await other.destroy();
  await database.drop();
});
beforeEach(async () => {
  const origin = `test.local/${randomUUID()}`;
  log = await beginLog(database.knex, origin, `${origin}+00000000+AA==`);
  const statements = preparedStatements(database.knex);
  audit = createAuditStore({ knex: database.knex, database: statements, log, origin });
  snapshot = new ConsentSnapshot(database.knex, policy, 100, undefined, statements);
});

/** By another process: nothing of it is known here before the ledger is asked. */
const say = async (id: string, kind: 'given' | 'withdrawn'): Promise<number> => {
  const appended = await new ConsentStore(other, directoryOn(other, 100), policy).append([
    { subject: { type: 'Customer', id }, kind, purpose: 'SUGGEST', method: 'test' },
  ]);
  return appended?.head ?? -1;
};

const numberOf = async (id: string): Promise<number> =>
  (await directoryOn(other, 100).known('Customer', id)) ?? -1;

/** What was decided of one person, who was asked about. */
const turnOf = (view: LedgerView, number: number): Turn => {
  const recorder = new DecisionRecorder();
  recorder.noteAsked(number);
  const notes = new WithheldNotes();
  return { result: { data: {} }, view, recorder, notes, moved: false, changedAt: undefined };
};

const entryAt = ({ head, now }: LedgerView): OperationEntry =>
  operation({ id: randomUUID(), head, decidedAt: now });

/** Ids and heads of what is in the log. */
const logged = async () =>
  (await readLeaves(other, log, 0, 1e9)).map(({ bytes }) => {
    const { id, head } = decodeEntry(bytes) as OperationEntry;
    return { id, head };
  });

const carriedView = async (): Promise<LedgerView> => {
  await snapshot.view();
  const view = snapshot.carried();
  if (!view) throw new Error('nothing is carried on');
  return view;
};

it('an answer is settled by one statement where the ledger stands', async () => {
  await say('one', 'given');
  const confirm = vi.spyOn(snapshot, 'confirm');
  const view = await carriedView();
  const entry = entryAt(view);
  const settled = await createSettle({ snapshot, audit })(
    turnOf(view, await numberOf('one')),
    entry,
  );
  expect(settled?.view?.head).toBe(view.head);
  expect(settled?.view).not.toHaveProperty('carriedAt');
  expect(confirm).not.toHaveBeenCalled();
  expect(await logged()).toEqual([{ id: entry.id, head: view.head }]);
});

it.each(['carried on', 'read for it'])(
  'a no that nobody here has heard of holds, whatever view was decided by: %s',
  async (how) => {
    const id = randomUUID();
    await say(id, 'given');
    const view = how === 'carried on' ? await carriedView() : await snapshot.view();
    await say(id, 'withdrawn');
    const turn = turnOf(view, await numberOf(id));
    expect(await createSettle({ snapshot, audit })(turn, entryAt(view))).toBeUndefined();
    expect(await logged()).toEqual([]);
  },
);

it('what others said meanwhile only moves the head that is told of', async () => {
  await say('quiet', 'given');
  const view = await carriedView();
  const head = await say('somebody else', 'given');
  const entry = entryAt(view);
  const turn = turnOf(view, await numberOf('quiet'));
  const settled = await createSettle({ snapshot, audit })(turn, entry);
  expect(settled?.view?.head).toBe(head);
  expect(await logged()).toEqual([{ id: entry.id, head }]);
});

it('a person who is only told of is somebody at the head that is told', async () => {
  const id = randomUUID();
  await say(id, 'given');
  const number = await numberOf(id);
  const view = await carriedView();
  const turn = turnOf(view, number);
  await other.raw(`insert into consent_event (position, subject, kind, purposes, categories, at, method, actor, record, policy)
    select position + 1, ?, 'erased', '{}', '{}', clock_timestamp(), 'erasure', 'test', gen_random_uuid(), null from ledger_head`, [number]); // prettier-ignore
  await other.raw('update ledger_head set position = position + 1');
  expect(await createSettle({ snapshot, audit })(turn, entryAt(view))).toBeUndefined();
  expect(await logged()).toEqual([]);
});
