import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { ImportError } from '../core/errors.ts';
import type { Policy } from '../policy/compile-policy.ts';
import type { ConsentStore } from '../ledger/consent-store.ts';
import { importEvents, type ImportOptions } from '../imports/import-events.ts';
import { openImportFile, type Reading } from '../imports/import-file.ts';
import { RefusalReport } from '../imports/refusal-report.ts';
import { parseTcfMap, type TcfMap } from '../imports/tcf-map.ts';
import { printImport } from './print-import.ts';
import { createProgress } from './progress.ts';
import { withLedger } from './with-ledger.ts';

type Format = 'jsonl' | 'csv' | 'tcf';

interface ImportCommandOptions {
  readonly format?: Format;
  readonly name?: string;
  readonly report?: string;
  readonly dryRun?: true;
  readonly allOrNone?: true;
  readonly map: ReadonlyMap<string, string>;
  readonly tcfMap?: string;
  readonly at?: Date;
}

const renaming = (
  text: string,
  before: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> => {
  const at = text.lastIndexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write it as column=key.');
  return new Map([...before, [text.slice(0, at), text.slice(at + 1)]]);
};

const timeOf = (text: string): Date => {
  const time = new Date(text);
  // Without a zone it would be another instant on another machine.
  if (!/T.*(?:Z|[+-]\d\d:\d\d)$/.test(text) || Number.isNaN(time.getTime()))
    throw new InvalidArgumentError('Write it as 2026-01-31T12:00:00Z.');
  return time;
};

const nameOf = (text: string): string => {
  if (/^[\w][\w .:-]{0,127}$/.test(text)) return text;
  throw new InvalidArgumentError('Use 1 to 128 letters, digits, spaces and `_.:-`.');
};

const byExtension: Readonly<Record<string, Reading['lines'] | undefined>> = {
  '.jsonl': 'json',
  '.ndjson': 'json',
  '.csv': 'csv',
};

/** What the options say together. Ends the command as wrong usage where they contradict. */
const linesOf = (file: string, options: ImportCommandOptions, command: Command) => {
  const { format, tcfMap, map, at } = options;
  const wrong = (message: string): never => command.error(`error: ${message}`);
  const own = byExtension[extname(file).toLowerCase()];
  const lines = format === 'jsonl' ? 'json' : format === 'csv' ? 'csv' : own;
  if (lines === undefined)
    return wrong(
      format === 'tcf'
        ? 'name a file of TC strings .csv, .jsonl or .ndjson'
        : 'say --format jsonl, csv or tcf: the file’s name does not tell',
    );
  if (format === 'tcf' && tcfMap === undefined)
    wrong('--format tcf needs --tcf-map: which TCF purposes are which of yours');
  if (format !== 'tcf' && tcfMap !== undefined) wrong('--tcf-map belongs to --format tcf');
  if (format === 'tcf' && at !== undefined) wrong('a TC string says its own time: leave out --at');
  if (lines === 'json' && map.size > 0) wrong('--map belongs to CSV');
  if (options.dryRun && options.allOrNone)
    wrong('--dry-run writes nothing: leave out --all-or-none');
  return lines;
};

const readTcfMap = async (path: string | undefined): Promise<TcfMap | undefined> => {
  if (path === undefined) return undefined;
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ImportError(`${path} cannot be read`, { cause });
  });
  return parseTcfMap(text);
};

/** A map that no row could be imported by is wrong as a whole. */
const assertMapped = async (
  { purposes }: TcfMap,
  policy: Policy,
  store: ConsentStore,
): Promise<void> => {
  const type = [...policy.model.types.values()].find(({ person }) => person)?.name ?? '';
  const samples = purposes.map(({ purpose, categories, legitimateInterest }) => ({
    subject: { type, id: 'any' },
    kind: legitimateInterest ? ('objected' as const) : ('given' as const),
    purpose,
    categories,
    at: new Date(),
    method: 'import-tcf',
  }));
  const problem = (await store.examine(samples)).find((one) => one !== undefined);
  if (problem)
    throw new ImportError(
      `the map of TCF purposes: ${problem.message.replace(/^event \d+: /, '')}`,
    );
};

/** A report over the file itself would destroy it. */
const assertOther = async (report: string | undefined, file: string): Promise<void> => {
  if (report === undefined) return;
  const [one, other] = await Promise.all(
    [report, file].map((path) => stat(path).catch(() => undefined)),
  );
  if (one && other && one.ino === other.ino && one.dev === other.dev)
    throw new ImportError('the report would be written over the file itself');
};

const run = async (path: string, options: ImportCommandOptions, lines: Reading['lines']) => {
  const { dryRun = false, allOrNone = false } = options;
  const mode: ImportOptions['mode'] = dryRun ? 'dry-run' : allOrNone ? 'all-or-none' : 'import';
  await assertOther(options.report, path);
  const tcf = await readTcfMap(options.tcfMap);
  return withLedger(
    async ({ policy, consents, store, knex }) => {
      if (tcf) await assertMapped(tcf, policy, store);
      const file = await openImportFile(path, {
        lines,
        columns: options.map,
        ...(tcf && { tcf }),
        context: { defaultType: policy.model.signInType, at: options.at },
      });
      let report: RefusalReport | undefined;
      const progress = createProgress((bytes, what) => `${what} ${bytes} bytes of ${path}, …`);
      try {
        report = new RefusalReport(options.report);
        const begin = performance.now();
        const result = await importEvents(
          {
            file,
            name: options.name,
            mode,
            report,
            onProgress: (bytes, what) => progress.show(bytes, file.size, what),
          },
          { knex, consents },
        );
        progress.stop();
        return { result, reasons: report.reasons, seconds: (performance.now() - begin) / 1_000 };
      } finally {
        progress.stop();
        report?.close();
        await file.close();
      }
    },
    { dryRun },
  );
};

/** `sayso consent import`: a file of say-so into the ledger. */
export const importCommand = (): Command =>
  new Command('import')
    .description('record the events of a file; the same command goes on where one was stopped')
    .argument('<file>', 'JSON lines (.jsonl, .ndjson), CSV (.csv), or TC strings in either')
    .addOption(
      new Option('--format <format>', 'how it is written').choices(['jsonl', 'csv', 'tcf']),
    )
    .option('--name <name>', 'import under this name once only; else once for each file', nameOf)
    .option('--report <file>', 'write what is refused here, a line of JSON each')
    .option('--dry-run', 'check all of it and write nothing')
    .option('--all-or-none', 'write nothing when anything is refused')
    .option('--at <time>', 'when rows without a time were said', timeOf)
    .option(
      '--map <column=key>',
      'what a column of CSV is; no key leaves it out',
      renaming,
      new Map(),
    )
    .option('--tcf-map <file>', 'YAML: which TCF purposes are which of yours')
    .action(async (path: string, options: ImportCommandOptions, command: Command) => {
      const lines = linesOf(path, options, command);
      const { result, reasons, seconds } = await run(path, options, lines);
      printImport(result, reasons, seconds, { report: options.report, name: options.name });
      if (result.refused > 0) process.exitCode = 1;
    });
