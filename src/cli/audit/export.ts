import { Command, Option } from 'commander';
import type { Knex } from 'knex';
import { prepareFilter, type AuditFilter } from '../../audit/audit-filter.ts';
import { eachEntry, toFound, type FoundEntry } from '../../audit/audit-reader.ts';
import { countCandidates } from '../../audit/count-entries.ts';
import { eachLeaf } from '../../audit/leaf-reader.ts';
import { readLogs } from '../../audit/log-state.ts';
import { createProgress } from '../progress.ts';
import { csvHead, csvLines, jsonLine } from './entry-lines.ts';
import { filterFrom, withFilters, type FilterOptions } from './filter-options.ts';
import { writing } from './output.ts';
import { catchUpShown, withAudit } from './with-audit.ts';

interface ExportOptions extends FilterOptions {
  readonly format: 'ndjson' | 'csv';
  readonly out?: string;
}

interface Entries {
  /** At most so many will come. */
  readonly total: number;
  readonly entries: AsyncIterable<FoundEntry>;
}

/** Whole logs need no index: they are read from their beginning on. */
const wholeLogs = async (knex: Knex, log: string | undefined): Promise<Entries> => {
  const logs = (await readLogs(knex)).filter(({ origin }) => log === undefined || origin === log);
  return {
    total: logs.reduce((sum, { size, minimumIndex }) => sum + size - minimumIndex, 0),
    entries: (async function* () {
      for (const one of logs)
        for await (const leaf of eachLeaf(knex, one, { from: one.minimumIndex }))
          yield toFound(leaf, one.origin);
    })(),
  };
};

const found = async (knex: Knex, filter: AuditFilter): Promise<Entries> => {
  const { log, ...rest } = filter;
  if (Object.values(rest).every((value) => value === undefined)) return wholeLogs(knex, log);
  await catchUpShown(knex);
  return {
    total: await countCandidates(knex, filter),
    entries: eachEntry(knex, filter, { oldestFirst: true }),
  };
};

/** `sayso audit export`: entries for another program, however many. */
export const exportCommand = (): Command =>
  withFilters(
    new Command('export')
      .description('write entries as lines of JSON or as CSV, oldest first')
      .addOption(
        new Option('--format <format>', 'ndjson keeps all that a proof needs')
          .choices(['ndjson', 'csv'])
          .default('ndjson'),
      )
      .option('--out <file>', 'write them there instead of printing them'),
  )
    .allowExcessArguments(false)
    .action(async ({ format, out, ...options }: ExportOptions) =>
      withAudit(async (tools) => {
        const filter = await filterFrom(options, tools);
        const prepared = prepareFilter(filter);
        const progress = createProgress((total) => `exporting ${total} entries, …`);
        let done = 0;
        try {
          await writing(out, async (output) => {
            const { total, entries } = await found(tools.knex, filter);
            const show = (): void => progress.show(Math.min(done, total), total, `${done} entries`);
            show();
            if (format === 'csv') await output.write(csvHead);
            for await (const one of entries) {
              await output.write(format === 'csv' ? csvLines(one, prepared) : jsonLine(one));
              done += 1;
              if (done % 1_000 === 0) show();
            }
          });
        } finally {
          progress.stop();
        }
        console.error(`${done} entries`);
      }),
    );
