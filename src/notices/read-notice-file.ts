import type { Finding } from '../config/finding.ts';
import { readConfigDocument } from '../config/config-document.ts';
import { problemsIn, readSmallFile } from '../config/read-config-file.ts';
import { NoticeError, type Problem } from '../core/errors.ts';
import type { NoticeContent } from '../core/notice.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { checkPurposes } from './check-notice.ts';
import { readShape, type Report } from './notice-file-shape.ts';

/** A notice that can be published. */
export interface NoticeFile {
  readonly id: string;
  readonly content: NoticeContent;
}

/** A notice that can be published, or all that is wrong with it, in the order of the lines. */
export type NoticeFileResult =
  | ({ readonly ok: true } & NoticeFile)
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads the YAML of a notice and holds it against the policy. Values of the file are never repeated.
 *
 * @param shown how problems name the file
 */
export const readNotice = (source: string, shown: string, policy: Policy): NoticeFileResult => {
  const document = readConfigDocument(source, shown);
  if (document.raw === undefined) return { ok: false, problems: problemsIn(document, []) };
  const findings: Finding[] = [];
  const report: Report = (path, what, mend, at) =>
    findings.push({ path, what, mend, ...(at && { at }) });
  const { id, purposes, languages } = readShape(document.raw, report);
  const content = { purposes: checkPurposes(purposes, policy, report), languages };
  return findings.length === 0
    ? { ok: true, id, content }
    : { ok: false, problems: problemsIn(document, findings) };
};

/**
 * Reads the file of a notice.
 * @throws NoticeError with every problem
 */
export const readNoticeFile = (path: string, shown: string, policy: Policy): NoticeFile => {
  const file = readSmallFile(path);
  if ('what' in file)
    throw new NoticeError([
      { where: shown, what: file.what, mend: 'name a YAML file that Sayso may read' },
    ]);
  const read = readNotice(file.text, shown, policy);
  if (!read.ok) throw new NoticeError(read.problems);
  return { id: read.id, content: read.content };
};
