import { z } from 'zod';
import { didYouMean } from '../core/did-you-mean.ts';
import {
  consentKinds,
  consentSignals,
  isYes,
  origins,
  type ConsentInput,
} from '../core/consent.ts';
import { shownKey, type FileRecord, type ImportRow, type Refusal } from './row.ts';

/** What rows of an import have in common. */
export interface RowContext {
  /** The person's type where a row names none; absent where there are several. */
  readonly defaultType: string | undefined;
  /** When rows without a time of their own were said. */
  readonly at?: Date | undefined;
}

/** A file never says `erased`: persons are erased by erasing them. */
const kinds = consentKinds.filter((kind) => kind !== 'erased');

const message = (what: string) => ({
  error: ({ input }: { readonly input?: unknown }): string =>
    input === undefined ? 'is missing' : what,
});

export const text = z.string(message('is no text'));
/** A person's id as a source could have it: nothing else is asked for. */
export const personId = text
  .min(1, 'is empty')
  .max(256, 'is over 256 characters')
  .refine((id) => !id.includes('\0') && id.isWellFormed(), 'is no text');
export const instant = z.iso
  .datetime({ offset: true, ...message('is no time with its zone') })
  .transform((time) => new Date(time));
const names = z.array(text, message('is no list of names')).min(1, 'is empty');
const oneOf = <const T extends string>(values: readonly T[]) =>
  z.enum(values, message('is none of the words there are'));

const shape = {
  subject: personId,
  type: text.optional(),
  kind: oneOf(kinds),
  purpose: text.optional(),
  categories: names.optional(),
  origins: z.array(oneOf(origins), message('is no list of names')).min(1, 'is empty').optional(),
  declared: names.optional(),
  at: instant.optional(),
  validUntil: instant.optional(),
  method: text.optional(),
  actor: text.optional(),
  notice: z
    .strictObject(
      {
        id: text,
        version: z.int(message('is no whole number')).positive('is no version').optional(),
        language: text.optional(),
      },
      message('is no object with `id`, `version`, `language`'),
    )
    .optional(),
  evidence: text.optional(),
  signal: oneOf(consentSignals).optional(),
  confirmed: z.boolean(message('is neither true nor false')).optional(),
};
const record = z.object(shape);

/** Keys of a row of JSON. */
export const eventKeys: readonly string[] = Object.keys(shape);

const noticeKeys = ['id', 'version', 'language'] as const;

/** Columns of a row of CSV. */
export const eventColumns: readonly string[] = eventKeys.flatMap((key) =>
  key === 'notice' ? noticeKeys.map((part) => `notice.${part}`) : key,
);

const mends: Readonly<Record<string, string | undefined>> = {
  'is no time with its zone': 'write it as 2026-01-31T12:00:00Z',
  'is no text': 'write it in quotes',
};
const words: Readonly<Record<string, readonly string[] | undefined>> = {
  kind: kinds,
  origins,
  signal: consentSignals,
};

const valueAt = (fields: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    fields,
  );

/** Says of the first thing wrong which key it is and what a right one looks like. */
export const refusalOfIssue = (error: z.ZodError, fields: unknown): Refusal => {
  const [issue] = error.issues;
  if (!issue) return { reason: 'is wrong' };
  const key = issue.path.filter((part) => typeof part === 'string').join('.');
  if (issue.code === 'unrecognized_keys')
    return {
      reason: `there is no key ${shownKey(`${key}.${issue.keys[0] ?? ''}`)}`,
      mend: `use ${noticeKeys.join(', ')}`,
    };
  const known = words[key];
  const value = valueAt(fields, issue.path);
  const mend =
    issue.code === 'invalid_value' && known && typeof value === 'string'
      ? didYouMean(value.slice(0, 64), known)
      : mends[issue.message];
  return { reason: `\`${key}\` ${issue.message}`, ...(mend !== undefined && { mend }) };
};

/** An own `__proto__` is a key like any other that there is not, and zod passes over it. */
const hasProto = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__');

const eventOf = (
  fields: Readonly<Record<string, unknown>>,
  { defaultType, at: statedAt }: RowContext,
): ConsentInput | Refusal => {
  if (hasProto(fields['notice'])) return { reason: 'there is no key `notice.__proto__`' };
  const parsed = record.safeParse(fields);
  if (!parsed.success) return refusalOfIssue(parsed.error, fields);
  const { subject, type = defaultType, at = statedAt, method = 'import', ...rest } = parsed.data;
  if (type === undefined)
    return { reason: '`type` is missing', mend: 'several types are persons: say which' };
  // A no may count from now on. A yes that nobody knows the age of could undo a no said since.
  if (isYes(rest.kind) && at === undefined)
    return {
      reason: 'a yes without `at`: nobody knows which word is the newer',
      mend: 'say when it was given, or `--at` for all rows without a time',
    };
  return { ...rest, subject: { type, id: subject }, at, method };
};

/** What a record says. */
export const eventOfRecord = (read: FileRecord, context: RowContext): ImportRow => {
  const { line } = read;
  if ('refused' in read) return read;
  const event = eventOf(read.fields, context);
  return 'reason' in event ? { line, refused: event } : { line, events: [event] };
};

const lists = ['categories', 'origins', 'declared'];

const namesIn = (cell: string): readonly string[] => cell.split(/[;|]/).map((name) => name.trim());

/** A row of CSV has texts only: lists, numbers and the like are made of them. */
export const typedCells = (
  cells: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> => {
  const fields = Object.create(null) as Record<string, unknown>;
  const notice: Record<string, unknown> = {};
  for (const [key, cell] of Object.entries(cells)) {
    if (typeof cell !== 'string') continue;
    if (key.startsWith('notice.')) {
      notice[key.slice('notice.'.length)] =
        key === 'notice.version' && /^\d{1,9}$/.test(cell) ? Number(cell) : cell;
    } else if (lists.includes(key)) fields[key] = namesIn(cell);
    else if (key === 'confirmed')
      fields[key] = cell === 'true' ? true : cell === 'false' ? false : cell;
    else fields[key] = cell;
  }
  if (Object.keys(notice).length > 0) fields['notice'] = notice;
  return fields;
};
