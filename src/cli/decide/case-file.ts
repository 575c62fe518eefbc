import type { z } from 'zod';
import { LedgerError, type Problem } from '../../core/errors.ts';
import type { Notice, NoticeBook } from '../../core/notice.ts';
import { unknownNames } from '../../decision/decide-field.ts';
import { resolveStatement } from '../../decision/resolve-history.ts';
import type { StoredEvent } from '../../ledger/fold-events.ts';
import type { Policy } from '../../policy/compile-policy.ts';
import {
  caseFileForm,
  type CaseEvent,
  type CaseFile,
  type CaseNotices,
  type WorkedCase,
} from './case-form.ts';
import { DecideError, problemOf } from './decide-error.ts';
import { parseJson, readText } from './read-json.ts';

/** A case, and what it says as the ledger would hold it. */
export interface ReadCase extends WorkedCase {
  readonly group: string;
  readonly stored: readonly StoredEvent[];
}

/** Clocks of machines differ by no more than this: the ledger refuses what is later. */
const clockSkewMs = 5 * 60_000;

const micros = (time: string): number => Date.parse(time) * 1000;

const noText = { title: '', text: '', gain: '', withdraw: '' };

/** Notices of a file as the ledger would know them. */
export const noticeBookOf = (notices: CaseNotices): NoticeBook =>
  new Map(
    Object.entries(notices).map(([id, versions]) => [
      id,
      versions.map(({ publishedAt, purposes }, i): Notice => ({
        id,
        version: i + 1,
        position: 0,
        contentHash: '',
        meaningHash: '',
        publishedAt: new Date(publishedAt),
        publishedBy: '',
        purposes: purposes.map((one) => ({ ...one, retention: null })),
        languages: [{ language: 'en', text: noText }],
      })),
    ]),
  );

/** One event of a case as the ledger would hold it. @throws LedgerError CONSENT_INVALID */
export const storedOf = (
  { leaves, at, validUntil, ...event }: CaseEvent,
  type: string,
  policy: Policy,
  book: NoticeBook,
): readonly StoredEvent[] => {
  if (!leaves) {
    const input = {
      ...event,
      subject: { type, id: 'somebody' },
      method: 'case',
      at: new Date(at),
      validUntil: validUntil === undefined ? undefined : new Date(validUntil),
    };
    return resolveStatement(input, policy, book);
  }
  const { kind, signal, confirmed } = event;
  return [
    {
      kind,
      ...leaves,
      origins: leaves.origins ?? [],
      declared: leaves.declared ?? [],
      recipients: leaves.recipients ?? [],
      bases: leaves.bases ?? null,
      at: micros(at),
      validUntil: validUntil === undefined ? null : micros(validUntil),
      signal: signal ?? null,
      confirmed: confirmed === true,
    },
  ];
};

/** The type of the person that a field's row concerns; that of tokens where it concerns nobody. */
export const personOf = (policy: Policy, field: string): string => {
  const { types, signInType } = policy.model;
  return types.get(field.split('.')[0] ?? '')?.subject?.type ?? signInType ?? '';
};

const readEvent = (
  event: CaseEvent,
  one: WorkedCase,
  policy: Policy,
  book: NoticeBook,
): readonly StoredEvent[] | Omit<Problem, 'where'> => {
  const { leaves, purpose, categories, origins, declared, notice } = event;
  if (leaves && [purpose, categories, origins, declared, notice].some((said) => said !== undefined))
    return {
      what: 'it says beside `leaves` what it is about',
      mend: 'say all of it in `leaves`, or leave `leaves` out',
    };
  if (Date.parse(event.at) > Date.parse(one.request.at) + clockSkewMs)
    return {
      what: 'it is said after the request comes',
      mend: 'take it away, or let the request come later',
    };
  try {
    return storedOf(event, personOf(policy, one.request.field), policy, book);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return {
      what: error.message,
      mend: 'correct it; or write it as `leaves`, if it was said under an older policy',
    };
  }
};

const issueWhere = (issue: z.core.$ZodIssue, json: unknown, file: string): string => {
  const [top, group, index] = issue.path;
  const groups = (json as { readonly groups?: Readonly<Record<string, unknown>> } | null)?.groups;
  const list = top === 'groups' && group !== undefined ? groups?.[String(group)] : undefined;
  const one: unknown = Array.isArray(list) ? list[Number(index)] : undefined;
  const name = (one as { readonly name?: unknown } | null | undefined)?.name;
  return typeof name === 'string' ? `${file}: ${name}` : file;
};

/** Reads the form of a file of cases. @throws DecideError with every problem */
export const readCaseForm = async (file: string): Promise<CaseFile> => {
  const json = parseJson(await readText(file), file);
  const parsed = caseFileForm.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new DecideError(
    parsed.error.issues.map((issue) => problemOf(issue, issueWhere(issue, json, file))),
  );
};

/** The cases of a file under a policy. @throws DecideError with every problem of every case */
export const casesOf = (
  { groups, notices }: CaseFile,
  policy: Policy,
  file: string,
): readonly ReadCase[] => {
  const book = noticeBookOf(notices);
  const problems: Problem[] = [];
  const names = new Set<string>();
  const cases = Object.entries(groups).flatMap(([group, list]) =>
    list.map((one): ReadCase => {
      const where = `${file}: ${one.name}`;
      const { purpose, field } = one.request;
      const unknown = unknownNames(policy, { purpose, coordinate: field });
      problems.push(...unknown.map((problem) => ({ where, ...problem })));
      if (names.has(one.name))
        problems.push({ where, what: 'two cases have this name', mend: 'rename one of them' });
      names.add(one.name);
      if (unknown.length > 0) return { ...one, group, stored: [] };
      const stored = one.events.flatMap((event, i) => {
        const read = readEvent(event, one, policy, book);
        if ('what' in read) problems.push({ where: `${where}, event ${i + 1}`, ...read });
        return 'what' in read ? [] : read;
      });
      return { ...one, group, stored };
    }),
  );
  if (cases.length === 0)
    problems.push({ where: file, what: 'there is no case in it', mend: 'write one' });
  if (problems.length > 0) throw new DecideError(problems);
  return cases;
};
