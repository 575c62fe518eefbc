import type { RestTableConfig } from '../../config/config.ts';
import type { ReadPlan } from '../../policy/plan.ts';
import { idText, type IdKind } from './id-text.ts';
import { pathOf } from './read-rows.ts';

/** One GET, and the values it asks for. */
export interface RestRequest {
  /** From the address's origin on, with query. */
  readonly target: string;
  readonly asked: ReadonlySet<string>;
}

/** What servers and those on the way take without fail (RFC 9110, 4.1). */
const mostLength = 8_000;
/** An id is not longer. */
const mostValue = 1_000;

/**
 * The values that some row could have, each once; the others are in no row. Not sent are the empty
 * text, for which APIs leave a filter out, and with commas between values what would be taken for
 * two: both would ask about persons that nobody asked about.
 */
export const possibleValues = (
  values: readonly string[],
  kind: IdKind,
  { values: style }: RestTableConfig,
): readonly string[] => [
  ...new Set(
    values.flatMap((value) => {
      const text = value.isWellFormed() && !value.includes('\0') ? idText(value, kind) : null;
      const isSafe = text !== null && !(style === 'comma' && text.includes(','));
      return isSafe && encodeURIComponent(text).length <= mostValue ? [text] : [];
    }),
  ),
];

/** The top members that hold what is planned, for APIs that can be asked for these only. */
const wantedMembers = (
  read: ReadPlan,
  table: RestTableConfig,
  column: string,
): readonly string[] => {
  const { subject } = read;
  const columns = [...read.columns, column];
  if (subject) columns.push(subject.path.column);
  if (subject?.place?.table === read.table) columns.push(subject.place.column);
  return [...new Set(columns.map((one) => pathOf(table, one)[0] ?? one))];
};

const joined = (values: readonly string[]): string => values.map(encodeURIComponent).join(',');

/** What a request says, without the values of its column: for whoever looks on. */
export const describeRequest = (base: string, parameter: string): string =>
  `GET ${base}${encodeURIComponent(parameter)}`;

/** The path and query that every request for these columns begins with, up to the values. */
export const requestBase = (
  prefix: string,
  read: ReadPlan,
  table: RestTableConfig,
  column: string,
): string => {
  const fields =
    table.fields === undefined
      ? ''
      : `${encodeURIComponent(table.fields)}=${joined(wantedMembers(read, table, column))}&`;
  return `${prefix}${table.path}${table.path.includes('?') ? '&' : '?'}${fields}`;
};

/** As few requests as hold all values. */
export const buildRequests = (
  base: string,
  parameter: string,
  values: readonly string[],
  { values: style, batch }: RestTableConfig,
): readonly RestRequest[] => {
  const name = encodeURIComponent(parameter);
  const requests: RestRequest[] = [];
  let asked = new Set<string>();
  let query = '';
  const finish = (): void => {
    if (asked.size > 0) requests.push({ target: base + query, asked });
    asked = new Set();
    query = '';
  };
  for (const value of values) {
    const text = encodeURIComponent(value);
    const next = query === '' || style === 'repeat' ? `${name}=${text}` : text;
    if (asked.size >= batch || base.length + query.length + next.length >= mostLength) finish();
    if (asked.size === 0) query = `${name}=${text}`;
    else query += style === 'repeat' ? `&${next}` : `,${next}`;
    asked.add(value);
  }
  finish();
  return requests;
};
