import type { Problem } from '../core/errors.ts';
import type { DocumentText } from './document-text.ts';

/** Documents of a file, and what is wrong with those that could not be read. */
export interface ReadDocuments {
  readonly documents: readonly DocumentText[];
  readonly problems: readonly Problem[];
}

const mend =
  'give `{ "<sha256>": "<document>" }`, or the manifest of `@apollo/generate-persisted-query-manifest`';

type Raw = Readonly<Record<string, unknown>>;
const isRaw = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `[name, document]` of every entry; `undefined` where it is none. */
type Entry = readonly [string, string] | undefined;

const apolloEntries = (operations: readonly unknown[]): readonly Entry[] =>
  operations.map((one) =>
    isRaw(one) && typeof one['id'] === 'string' && typeof one['body'] === 'string'
      ? [one['id'], one['body']]
      : undefined,
  );

const entriesIn = (raw: unknown): readonly Entry[] | undefined => {
  if (!isRaw(raw)) return undefined;
  const operations = raw['format'] === 'apollo-persisted-query-manifest' && raw['operations'];
  if (operations !== false && operations !== undefined)
    return Array.isArray(operations) ? apolloEntries(operations) : undefined;
  return Object.entries(raw).map(([name, document]) =>
    typeof document === 'string' ? [name, document] : undefined,
  );
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/** The line of a name, as JSON writes it. */
const lineOf = (text: string, name: string): number => {
  const at = text.indexOf(JSON.stringify(name));
  return at < 0 ? 1 : text.slice(0, at).split('\n').length;
};

/**
 * Reads a manifest of persisted documents: that of GraphQL Code Generator and Relay, a mapping from
 * hashes to documents, or Apollo's, a list.
 *
 * @param shown how problems name the file
 */
export const readManifest = (text: string, shown: string): ReadDocuments => {
  const entries = entriesIn(parseJson(text));
  if (entries === undefined || entries.length === 0) {
    const what = entries ? 'has no document' : 'is no manifest of documents';
    return { documents: [], problems: [{ where: shown, what, mend }] };
  }
  const documents: DocumentText[] = [];
  const problems: Problem[] = [];
  for (const [i, entry] of entries.entries()) {
    if (entry === undefined) {
      problems.push({ where: shown, what: `entry ${i + 1} is no hash with a document`, mend });
      continue;
    }
    const [name, document] = entry;
    const line = lineOf(text, name);
    documents.push({
      text: document,
      named: name.replace(/^sha256:/, ''),
      where: (at) => `${shown}:${line}${at ? `, ${at.line}:${at.column} of the document` : ''}`,
    });
  }
  return { documents, problems };
};
