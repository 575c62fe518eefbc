import { Command, InvalidArgumentError } from 'commander';
import {
  auditKeys,
  countEntries,
  type AuditCount,
  type AuditKey,
} from '../../audit/count-entries.ts';
import { formatTable } from '../format-table.ts';
import { filterFrom, withFilters, type FilterOptions } from './filter-options.ts';
import { writing } from './output.ts';
import { catchUpShown, withAudit } from './with-audit.ts';

const keys = (text: string): readonly AuditKey[] => {
  const names = text.split(',').map((name) => name.trim().toLowerCase());
  const unknown = names.find((name) => !auditKeys.some((key) => key === name));
  if (unknown === undefined) return names as AuditKey[]; // each was found among them
  throw new InvalidArgumentError(`Write some of ${auditKeys.join(', ')}, with commas between.`);
};

const tableOf = (by: readonly AuditKey[], counts: readonly AuditCount[]): string => {
  const decided = counts.some(({ decisions }) => decisions !== null);
  const head = [...by, 'entries', ...(decided ? ['decisions', 'persons'] : [])];
  const rows = counts.map(({ keys: values, entries, decisions, persons }) => [
    ...by.map((key) => values[key] ?? '-'),
    String(entries),
    ...(decided ? [String(decisions ?? '-'), String(persons ?? '-')] : []),
  ]);
  return formatTable(head, rows);
};

/** `sayso audit counts`: how many entries there are of each kind. */
export const countsCommand = (): Command =>
  withFilters(
    new Command('counts')
      .description('count entries, most first')
      .requiredOption('--by <keys>', `some of ${auditKeys.join(', ')}, with commas between`, keys)
      .option('--json', 'as lines of JSON'),
  )
    .allowExcessArguments(false)
    .action(
      async ({
        by,
        json,
        ...options
      }: FilterOptions & { readonly by: readonly AuditKey[]; readonly json?: true }) =>
        withAudit(async (tools) => {
          const filter = await filterFrom(options, tools);
          await catchUpShown(tools.knex);
          const counts = await countEntries(tools.knex, filter, by);
          await writing(undefined, async (output) => {
            if (!json)
              await output.write(counts.length === 0 ? 'no entry\n' : `${tableOf(by, counts)}\n`);
            else
              for (const { keys: values, ...count } of counts)
                await output.write(`${JSON.stringify({ ...values, ...count })}\n`);
          });
        }),
    );
