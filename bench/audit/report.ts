import { callerCounts, requestSizes, type AuditFigures } from './bench-audit.ts';

/** What the log is to take on two cores beside PostgreSQL. */
export const entriesBar = 10_000;

interface Cpu {
  readonly node: number;
  readonly total?: number;
}

export interface AuditReport {
  readonly entries_per_second: Readonly<
    Record<string, { readonly shared: number; readonly each_alone: number; readonly ratio: number }>
  >;
  readonly cpu_us_per_entry: Readonly<Record<string, Cpu>>;
  /** By customers of the query. */
  readonly cpu_us_added: Readonly<Record<string, Cpu>>;
  readonly entry_bytes: Readonly<Record<string, number>>;
  readonly load_average: readonly number[];
  readonly postgres: string;
}

const rounded = (value: number): number => Number(value.toFixed(1));
const cpu = ({ node, total }: { node: number; total: number | undefined }): Cpu => ({
  node: rounded(node),
  ...(total !== undefined && { total: rounded(total) }),
});
const by = <K extends number, V>(keys: readonly K[], of: (key: K) => V): Record<string, V> =>
  Object.fromEntries(keys.map((key) => [String(key), of(key)]));

export const auditReportOf = (figures: AuditFigures): AuditReport => ({
  entries_per_second: by(callerCounts, (callers) => {
    const shared = figures.shared[callers].median;
    const alone = figures.alone[callers].median;
    return {
      shared: Math.round(shared),
      each_alone: Math.round(alone),
      ratio: rounded(shared / alone),
    };
  }),
  cpu_us_per_entry: by(callerCounts, (callers) => cpu(figures.cpuPerEntry[callers])),
  cpu_us_added: by(requestSizes, (size) => cpu(figures.added[size])),
  entry_bytes: by(requestSizes, (size) => figures.entryBytes[size]),
  load_average: figures.loads.map(rounded),
  postgres: figures.postgresVersion,
});

const count = (value: number): string => value.toLocaleString('en');
const shown = ({ node, total }: Cpu): string =>
  `${count(node)} µs${total === undefined ? '' : `, with PostgreSQL ${count(total)}`}`;

/** The report for people, as a Markdown table. */
export const auditTableOf = (report: AuditReport): string => {
  const rows = [
    ...Object.entries(report.entries_per_second).flatMap(([callers, one]) => [
      [
        `durable entries per second, ${callers} callers`,
        `${count(one.shared)}, ${one.shared >= entriesBar ? 'within' : 'BELOW'} the bar of ${count(entriesBar)}`,
      ],
      ['  with a commit for each operation', `${count(one.each_alone)} (1 : ${one.ratio})`],
      ['  CPU of an entry', shown(report.cpu_us_per_entry[callers] ?? { node: NaN })],
    ]),
    ...Object.entries(report.cpu_us_added).flatMap(([size, added]) => [
      [`CPU added to a query of ${count(Number(size))} customers`, shown(added)],
      ['  size of its entry', `${count(report.entry_bytes[size] ?? NaN)} bytes`],
    ]),
  ];
  const widths = [0, 1].map((i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const line = ([what = '', figure = '']: readonly string[]): string =>
    `| ${what.padEnd(widths[0] ?? 0)} | ${figure.padStart(widths[1] ?? 0)} |`;
  return [
    `Audit log: medians of five rounds; PostgreSQL ${report.postgres}; load average ${report.load_average.join(', ')}`,
    '',
    line(['what', 'figure']),
    `| ${'-'.repeat(widths[0] ?? 0)} | ${'-'.repeat((widths[1] ?? 1) - 1)}: |`,
    ...rows.map(line),
  ].join('\n');
};
