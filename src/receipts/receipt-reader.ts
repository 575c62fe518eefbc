import type { Knex } from 'knex';
import { SaysoError } from '../core/errors.ts';
import type { NoticeContent } from '../core/notice.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { factsOf, type RecordContext, type RecordRow } from './assemble-facts.ts';
import type { ReceiptController, ReceiptFacts } from './receipt-facts.ts';

/** 404: nobody ever recorded such a statement. */
export class RecordNotFoundError extends SaysoError {
  constructor() {
    super('the ledger has no record of this id', { code: 'RECORD_NOT_FOUND', status: 404 });
  }
}

/** Where a person lives, by number; null when it is not known. */
export type PlaceOfSubject = (subject: number) => Promise<string | null>;

/** Finds the facts of a record's receipt. */
export interface ReceiptReader {
  /** @throws RecordNotFoundError for an id that is none, or that no row has */
  read(record: string): Promise<ReceiptFacts>;
}

const isUuid = (text: string): boolean =>
  /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

interface EventRow extends RecordRow {
  readonly notice: string | null;
  readonly notice_version: number | null;
}

interface NoticeRow {
  readonly content_hash: string;
  readonly content: NoticeContent;
}

const readRows = async (knex: Knex, record: string): Promise<readonly EventRow[]> => {
  const { rows } = await knex.raw<{ rows: EventRow[] }>(
    `select record, position, subject, kind, purposes, categories, origins, declared, notice,
       notice_version, language, recipients, bases, signal, confirmed, evidence, policy, at,
       valid_until, method, actor, recorded_at
     from consent_event where record = ? order by position`,
    [record],
  );
  return rows;
};

const readNotice = async (knex: Knex, { notice: id, notice_version: version }: EventRow) => {
  if (id === null || version === null) return null;
  const { rows } = await knex.raw<{ rows: NoticeRow[] }>(
    'select content_hash, content from notice where id = ? and version = ?',
    [id, version],
  );
  const [row] = rows;
  return row ? { ...row.content, id, version, contentHash: row.content_hash } : null;
};

/**
 * Reads receipts' facts from the ledger, by today's policy. Numbers are all that it knows of persons,
 * so a receipt can be had after its person was erased.
 */
export const createReceiptReader = (
  knex: Knex,
  { model }: Pick<Policy, 'model'>,
  controller: ReceiptController,
  placeOf: PlaceOfSubject = () => Promise.resolve(null),
): ReceiptReader => ({
  read: async (record) => {
    const rows = isUuid(record) ? await readRows(knex, record) : [];
    const [first] = rows;
    if (!first) throw new RecordNotFoundError();
    const context: RecordContext = {
      model,
      controller,
      notice: await readNotice(knex, first),
      place: await placeOf(first.subject),
    };
    return factsOf(rows, context);
  },
});
