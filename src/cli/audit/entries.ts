import { Command } from 'commander';
import { prepareFilter } from '../../audit/audit-filter.ts';
import { readEntries, type FoundEntry } from '../../audit/audit-reader.ts';
import { formatTable } from '../format-table.ts';
import { jsonLine, tableHead, tableRow } from './entry-lines.ts';
import { filterFrom, wholeNumber, withFilters, type FilterOptions } from './filter-options.ts';
import { writing } from './output.ts';
import { catchUpShown, withAudit } from './with-audit.ts';

interface EntriesOptions extends FilterOptions {
  readonly first: number;
  readonly after?: string;
  readonly json?: true;
}

/** `sayso audit entries`: the newest entries, in a table. */
export const entriesCommand = (): Command =>
  withFilters(
    new Command('entries')
      .description('list entries, newest first')
      .option('--first <count>', 'how many', wholeNumber, 50)
      .option('--after <cursor>', 'go on behind the page before')
      .option('--json', 'as lines of JSON, in full'),
  )
    .allowExcessArguments(false)
    .action(async ({ first, after, json, ...options }: EntriesOptions) =>
      withAudit(async (tools) => {
        const { knex } = tools;
        const filter = await filterFrom(options, tools);
        await catchUpShown(knex);
        const entries: FoundEntry[] = [];
        let next = after;
        do {
          // A page is short where much was looked through.
          const page = await readEntries(knex, filter, {
            first: first - entries.length,
            after: next,
          });
          entries.push(...page.entries);
          next = page.next ?? undefined;
        } while (next !== undefined && entries.length < first);
        const prepared = prepareFilter(filter);
        const table = (): string =>
          entries.length === 0
            ? 'no entry\n'
            : `${formatTable(
                tableHead,
                entries.map((one) => tableRow(one, prepared)),
              )}\n`;
        await writing(undefined, async (output) => {
          if (!json) await output.write(table());
          else for (const one of entries) await output.write(jsonLine(one));
        });
        // Beside the table, so that a program that reads it is not disturbed.
        if (next !== undefined) console.error(`there are more: --after ${next}`);
      }),
    );
