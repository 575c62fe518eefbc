import { nearest } from '../core/did-you-mean.ts';
import { isYes, type ConsentInput } from '../core/consent.ts';
import { LedgerError } from '../core/errors.ts';
import type { Notice, NoticeBook } from '../core/notice.ts';

const invalid = (message: string): LedgerError => new LedgerError(message, 'CONSENT_INVALID');

const isId = (id: string): boolean => /^[a-z0-9][a-z0-9-]{0,63}$/.test(id);

/** The version that was current at an instant; none before the first was published. */
export const currentAt = (versions: readonly Notice[], at: Date | undefined): Notice | undefined =>
  at === undefined ? versions.at(-1) : versions.findLast(({ publishedAt }) => publishedAt <= at);

/** The current version of each notice. */
export const currentNotices = (book: NoticeBook): readonly Notice[] =>
  [...book.values()].flatMap((versions) => versions.at(-1) ?? []);

const unknownNotice = (id: string, book: NoticeBook): LedgerError => {
  if (book.size === 0)
    return invalid('there is no notice yet; publish one with `sayso notice publish`');
  const ids = [...book.keys()];
  const near = nearest(id.slice(0, 64), ids);
  const hint = near === undefined ? `there are ${ids.join(', ')}` : `did you mean \`${near}\`?`;
  return invalid(`the notice ${isId(id) ? `\`${id}\`` : 'given'} does not exist; ${hint}`);
};

/** A yes said now, to a purpose that people are told of by a notice, must say which they were shown. */
const demandNotice = ({ kind, purpose, at, declared }: ConsentInput, book: NoticeBook): void => {
  if (!isYes(kind) || at !== undefined || declared !== undefined) return;
  const telling = currentNotices(book).find(({ purposes }) =>
    purposes.some((one) => one.purpose === purpose),
  );
  if (telling === undefined) return;
  throw invalid(
    `\`${purpose ?? ''}\` is told of by the notice \`${telling.id}\`: say that it was shown with \`notice: {id: "${telling.id}", version: ${telling.version}}\``,
  );
};

/**
 * The notice that an event names and the language it was shown in.
 * @throws LedgerError CONSENT_INVALID when it does not exist, was not the current one when the event
 *   was said, does not have the language, or is needed and not named
 */
export const noticeFor = (
  input: ConsentInput,
  book: NoticeBook,
): { readonly notice: Notice | undefined; readonly language: string } => {
  if (!input.notice) {
    demandNotice(input, book);
    return { notice: undefined, language: '' };
  }
  const { id, version, language } = input.notice;
  const versions = book.get(id);
  if (versions === undefined) throw unknownNotice(id, book);
  const current = currentAt(versions, input.at);
  if (current === undefined)
    throw invalid(`the notice \`${id}\` was not published yet when this was said`);
  if (version !== undefined && version !== current.version)
    throw invalid(
      `version ${version} of the notice \`${id}\` is not the current one, which is ${current.version}: show that and ask again`,
    );
  const languages = current.languages.map((one) => one.language);
  const shown = language ?? languages[0] ?? '';
  if (!languages.includes(shown))
    throw invalid(
      `the notice \`${id}\` has no text in ${/^[A-Za-z0-9-]{1,35}$/.test(shown) ? `\`${shown}\`` : 'that language'}; there are ${languages.join(', ')}`,
    );
  return { notice: current, language: shown };
};
