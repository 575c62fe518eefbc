import type { Knex } from 'knex';
import { LedgerError } from '../core/errors.ts';
import type { Notice, NoticeBook } from '../core/notice.ts';
import type { NoticeTextArgs, QueryNoticeArgs } from '../generated/schema-types.ts';
import { currentNotices } from '../ledger/notice-book.ts';
import { readNotices } from '../ledger/notice-store.ts';
import { textIn } from '../notices/text-in.ts';
import type { OperationContext, Resolver } from './operation.ts';

/** Notices are for everybody to read: they hold nothing about anyone. */
export const noticeResolvers = (knex: Knex): ReadonlyMap<string, Resolver> => {
  // Once for each operation, however many of its fields ask: one answer holds one state.
  const books = new WeakMap<OperationContext, Promise<NoticeBook>>();
  const bookOf = (context: OperationContext): Promise<NoticeBook> => {
    const known = books.get(context);
    if (known) return known;
    const book = readNotices(knex).catch((cause: unknown) => {
      throw new LedgerError('the notices could not be read', 'LEDGER_UNAVAILABLE', { cause });
    });
    books.set(context, book);
    return book;
  };
  const shown = (notice: Notice, book: NoticeBook) => ({
    ...notice,
    current: book.get(notice.id)?.at(-1)?.version === notice.version,
    languages: notice.languages.map(({ language }) => language),
    text: ({ language }: NoticeTextArgs) => {
      const found = textIn(notice, language ?? undefined);
      return found && { language: found.language, ...found.text };
    },
  });
  return new Map<string, Resolver>([
    [
      'Query.notices',
      async (_parent, _args, context) => {
        const book = await bookOf(context);
        const notices = currentNotices(book);
        return context.spend(notices.length) ? notices.map((one) => shown(one, book)) : [];
      },
    ],
    [
      'Query.notice',
      async (_parent, rawArgs, context) => {
        const { id, version } = rawArgs as unknown as QueryNoticeArgs;
        const book = await bookOf(context);
        const versions = book.get(id) ?? [];
        const notice =
          version === null || version === undefined
            ? versions.at(-1)
            : versions.find((one) => one.version === version);
        return notice && context.spend(1) ? shown(notice, book) : null;
      },
    ],
  ]);
};
