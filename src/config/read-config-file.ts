import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Problem } from '../core/errors.ts';
import { checkTogether, explainShape } from './check-config-file.ts';
import { readConfigDocument, type ConfigDocument, type KeyPath } from './config-document.ts';
import { configFileSchema, type ConfigFile } from './config-file-schema.ts';
import type { Finding } from './finding.ts';

const mostBytes = 1_000_000;

/** A file that can be used, or all that is wrong with it, in the order of its lines. */
export type ConfigFileResult =
  | { readonly ok: true; readonly file: ConfigFile }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Page sizes and row limits contain one another; otherwise a default could never be served. */
const checkLimits = ({ limits }: ConfigFile): Finding[] => {
  const found: Finding[] = [];
  if (limits.pageSize > limits.maxPageSize)
    found.push({
      path: ['limits', 'pageSize'],
      what: `is more than \`maxPageSize\`, which is ${limits.maxPageSize}`,
      mend: 'lower `pageSize` or raise `maxPageSize`',
    });
  if (limits.maxPageSize > limits.rows)
    found.push({
      path: ['limits', 'maxPageSize'],
      what: `is more than \`rows\`, which is ${limits.rows}`,
      mend: 'lower `maxPageSize` or raise `rows`',
    });
  return found;
};

/** The text of a file that somebody wrote by hand, or what keeps it from being one. */
export const readSmallFile = (path: string): { text: string } | { what: string } => {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) return { what: 'is not a file' };
    if (stats.size > mostBytes) return { what: 'is larger than 1 MB' };
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code; // node:fs throws nothing else
    return { what: code === 'ENOENT' ? 'is not there' : `cannot be read (${code ?? 'unknown'})` };
  }
};

const withoutPath = ({ where, what, mend }: Problem): Problem => ({ where, what, mend });

const isUnder = (path: KeyPath, top: KeyPath): boolean =>
  top.every((part, index) => path[index] === part);

/**
 * Reads the file that `SAYSO_CONFIG` names, YAML 1.2 or JSON.
 *
 * @param path the file, absolute
 * @param shown how problems name it
 * @param env where `${NAME}` in string values is looked up
 */
export const readConfigFile = (
  path: string,
  shown: string,
  env: NodeJS.ProcessEnv,
): ConfigFileResult => {
  const content = readSmallFile(path);
  if ('what' in content) {
    const mend = 'name a YAML or JSON file that Sayso may read';
    return {
      ok: false,
      problems: [
        { where: 'SAYSO_CONFIG', what: `names \`${shown}\`, which ${content.what}`, mend },
      ],
    };
  }
  const document = readConfigDocument(content.text, shown, env);
  const { raw } = document;
  if (raw === undefined) return { ok: false, problems: problemsIn(document, []) };
  const parsed = configFileSchema.safeParse(raw);
  const findings = [
    ...(parsed.success ? checkLimits(parsed.data) : []),
    ...(parsed.error?.issues ?? []).flatMap((issue) => explainShape(issue, raw)),
    ...checkTogether(raw, dirname(path)),
  ];
  const problems = problemsIn(document, findings);
  return parsed.success && problems.length === 0
    ? { ok: true, file: parsed.data }
    : { ok: false, problems };
};

const place = ({ where }: Problem): readonly [number, number] => {
  const [, line = 0, column = 0] = /:(\d+):(\d+)(?: |$)/.exec(where) ?? [];
  return [Number(line), Number(column)];
};
const byPlace = (a: Problem, b: Problem): number =>
  place(a)[0] - place(b)[0] || place(a)[1] - place(b)[1];

/**
 * What is wrong with a file, in the order of its lines: what its text shows, and what was found in
 * its values, unless the text already explains that.
 */
export const problemsIn = (
  { found, where }: ConfigDocument,
  findings: readonly Finding[],
): readonly Problem[] => {
  const located = findings
    .filter((one) => !found.some((before) => isUnder(one.path, before.path)))
    .map((one) => ({ ...one, where: where(one.path, one.at) }));
  return [...found, ...located].map(withoutPath).toSorted(byPlace);
};
