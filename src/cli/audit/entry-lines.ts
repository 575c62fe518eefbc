import { unpackDecisions, matchingDecisions, type AuditFilter } from '../../audit/audit-filter.ts';
import type { FoundEntry } from '../../audit/audit-reader.ts';
import type { AuditDecision, OperationEntry } from '../../audit/entry.ts';

/**
 * An entry as one line of JSON. `leaf` is the entry as it stands in the log, byte for byte: what
 * `JSON.stringify` makes of it is what the tree's hash is of. What is no entry is told in base64.
 */
export const jsonLine = ({ log, index, bytes, entry }: FoundEntry): string =>
  entry
    ? `{"log":${JSON.stringify(log)},"index":${index},"leaf":${bytes.toString('utf8')}}\n`
    : `${JSON.stringify({ log, index, bytes: bytes.toString('base64') })}\n`;

/** Commas and quotes by RFC 4180; what a spreadsheet would take for a formula is marked as text. */
export const csvCell = (value: string | number | undefined | null): string => {
  if (value === undefined || value === null) return '';
  const text = String(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

const columns = [
  ...['log', 'index', 'id', 'part', 'at', 'kind', 'client', 'actor', 'purpose', 'operation'],
  ...['documentHash', 'policy', 'head', 'decidedAt', 'notices', 'outcome', 'signals', 'errors'],
  ...['coordinate', 'released', 'reason', 'count', 'subjects'],
];

export const csvHead = `${columns.join(',')}\r\n`;

const withoutDecision = ['', '', '', '', ''];
const cellsOf = ({ coordinates, released, reason, count, subjects }: AuditDecision) =>
  coordinates.map((coordinate) => [
    csvCell(coordinate),
    String(released),
    csvCell(reason),
    String(count),
    csvCell(subjects),
  ]);

const decisionCells = (entry: OperationEntry, filter: AuditFilter) =>
  unpackDecisions(entry, matchingDecisions(entry, filter)).flatMap(cellsOf);

/** Microseconds are kept: expiry was judged by them. */
const instantOf = (microseconds: number | undefined): string => {
  if (microseconds === undefined) return '';
  const at = new Date(Math.floor(microseconds / 1_000)).toISOString();
  return `${at.slice(0, -1)}${String(microseconds % 1_000).padStart(3, '0')}Z`;
};

/**
 * An entry as lines of CSV, one for each decision that a filter means, as `columns` say.
 *
 * @param filter prepared
 */
export const csvLines = (
  { log, index, at, id, entry }: FoundEntry,
  filter: AuditFilter,
): string => {
  const operation = entry?.kind === 'operation' ? entry : undefined;
  const common = [
    csvCell(log),
    index,
    id,
    csvCell(entry?.part),
    at.toISOString(),
    entry?.kind ?? 'unreadable',
    csvCell(operation?.client),
    csvCell(entry?.actor),
    csvCell(operation?.purpose),
    csvCell(operation?.operation),
    csvCell(operation?.documentHash),
    csvCell(operation?.policy),
    csvCell(entry?.kind === 'erasure' ? entry.head : operation?.head),
    instantOf(operation?.decidedAt),
    csvCell(operation?.notices.join(' ')),
    csvCell(operation?.outcome),
    csvCell(operation?.signals.join(' ')),
    csvCell(
      operation?.errors.map(([code, source, n]) => `${code} ${source ?? '-'} ${n}`).join('; '),
    ),
  ].join(',');
  const decisions = operation ? decisionCells(operation, filter) : [];
  const erased =
    entry?.kind === 'erasure' && entry.subject !== undefined
      ? ['', '', '', '1', String(entry.subject)]
      : withoutDecision;
  return (decisions.length > 0 ? decisions : [erased])
    .map((cells) => `${common},${cells.join(',')}\r\n`)
    .join('');
};

/** `ESC` and its like would take over a terminal. */
const printable = (text: string): string =>
  // eslint-disable-next-line no-control-regex -- that is what is meant
  text.replace(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');

export const tableHead = [
  'at',
  'index',
  'id',
  'client',
  'actor',
  'purpose',
  'operation',
  'outcome',
  'decisions',
];

const most = 3;

/** What was decided, in short: `CONSENTED email country (2); …`. */
const inShort = (found: FoundEntry, filter: AuditFilter): string => {
  const { entry } = found;
  if (entry?.kind !== 'operation') return '';
  const lines = matchingDecisions(entry, filter).map(([reason, fields]) => {
    const names = fields.map((field) => entry.coordinates[field] ?? '');
    const more = names.length > most ? `, … (${names.length})` : '';
    return `${reason} ${names.slice(0, most).join(', ')}${more}`;
  });
  const more = lines.length > most ? `; … (${lines.length})` : '';
  return `${lines.slice(0, most).join('; ')}${more}`;
};

/**
 * An entry as cells of a table, for people.
 *
 * @param filter prepared
 */
export const tableRow = (found: FoundEntry, filter: AuditFilter): readonly string[] => {
  const { entry } = found;
  const operation = entry?.kind === 'operation' ? entry : undefined;
  const kind = entry?.kind ?? 'unreadable';
  const about =
    entry?.kind === 'erasure'
      ? `of ${entry.subject ?? 'nobody known'}`
      : entry?.kind === 'retention'
        ? `before ${entry.before}`
        : entry?.kind === 'key'
          ? entry.key
          : `${found.log}/${found.index}`;
  const part = entry?.part === undefined ? '' : ` (${entry.part} of ${entry.parts ?? '?'})`;
  return [
    found.at.toISOString(),
    `${found.index}${part}`,
    found.id,
    operation?.client ?? '-',
    entry?.actor ?? '-',
    operation?.purpose ?? '-',
    operation?.operation ?? '-',
    operation?.outcome ?? kind,
    operation ? inShort(found, filter) : about,
  ].map(printable);
};
