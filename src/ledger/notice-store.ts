import type { Knex } from 'knex';
import type { Notice, NoticeBook, NoticeContent } from '../core/notice.ts';

interface NoticeRow {
  readonly id: string;
  readonly version: number;
  readonly position: number;
  readonly content_hash: string;
  readonly meaning_hash: string;
  readonly content: NoticeContent;
  readonly published_at: Date;
  readonly published_by: string;
}

/** Reads every version of every notice, by id, oldest first. */
export const readNotices = async (knex: Knex): Promise<NoticeBook> => {
  const { rows } = await knex.raw<{ rows: NoticeRow[] }>(
    `select id, version, position::float8, content_hash, meaning_hash, content, published_at, published_by
     from notice order by id, version`,
  );
  const book = new Map<string, Notice[]>();
  for (const row of rows) {
    const notice: Notice = {
      ...row.content,
      id: row.id,
      version: row.version,
      position: row.position,
      contentHash: row.content_hash,
      meaningHash: row.meaning_hash,
      publishedAt: row.published_at,
      publishedBy: row.published_by,
    };
    const versions = book.get(row.id);
    if (versions) versions.push(notice);
    else book.set(row.id, [notice]);
  }
  return book;
};

/** What a version is published with. */
export interface NoticeDraft {
  readonly id: string;
  readonly content: NoticeContent;
  readonly contentHash: string;
  readonly meaningHash: string;
  readonly publishedBy: string;
}

/**
 * Publishes the next version of a notice, at a position of the ledger of its own.
 *
 * @returns the version, or `undefined` where the current one says the very same
 */
export const publishNotice = async (
  knex: Knex,
  { id, content, contentHash, meaningHash, publishedBy }: NoticeDraft,
): Promise<number | undefined> =>
  knex.transaction(async (trx) => {
    // The ledger's head is the one lock under which versions are counted.
    await trx.raw('select 1 from ledger_head for update');
    const { rows } = await trx.raw<{ rows: { version: number; content_hash: string }[] }>(
      'select version, content_hash from notice where id = ? order by version desc limit 1',
      [id],
    );
    const current = rows[0];
    if (current?.content_hash === contentHash) return undefined;
    const version = (current?.version ?? 0) + 1;
    await trx.raw(
      `with head as (update ledger_head set position = position + 1 returning position)
       insert into notice (id, version, position, content_hash, meaning_hash, content, published_by)
       select ?, ?, position, ?, ?, ?::jsonb, ? from head`,
      [id, version, contentHash, meaningHash, JSON.stringify(content), publishedBy],
    );
    return version;
  });
