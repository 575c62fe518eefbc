import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import {
  isMeant,
  isMeantUnread,
  prepareFilter,
  type AuditFilter,
} from '../../audit/audit-filter.ts';
import { toFound, type FoundEntry } from '../../audit/audit-reader.ts';
import { eachLeaf } from '../../audit/leaf-reader.ts';
import { readLogs } from '../../audit/log-state.ts';
import { jsonLine, tableRow } from './entry-lines.ts';
import { filterFrom, withFilters, type FilterOptions } from './filter-options.ts';
import { standardOutput } from './output.ts';
import { withAudit, type AuditTools } from './with-audit.ts';

const everyMs = 500;

const isShown = (found: FoundEntry, filter: AuditFilter): boolean =>
  found.entry ? isMeant(found.entry, filter) : isMeantUnread(found, filter);

const follow = async (
  { knex }: AuditTools,
  filter: AuditFilter,
  lineOf: (found: FoundEntry) => string,
  stop: AbortSignal,
): Promise<void> => {
  const output = standardOutput();
  const next = new Map((await readLogs(knex)).map(({ id, size }) => [id, size]));
  console.error(`watching ${next.size === 1 ? 'one log' : `${next.size} logs`}; end with Ctrl-C`);
  while (!stop.aborted) {
    for (const log of await readLogs(knex)) {
      // Another replica may begin a log meanwhile: that is shown from its beginning.
      const from = next.get(log.id) ?? 0;
      for await (const leaf of eachLeaf(knex, log, { from })) {
        const found = toFound(leaf, log.origin);
        if (isShown(found, filter)) await output.write(lineOf(found));
        if (stop.aborted) break;
      }
      next.set(log.id, log.size);
    }
    await output.finish();
    await sleep(everyMs, undefined, { signal: stop }).catch(() => undefined);
  }
};

/** `sayso audit watch`: entries as they are committed, until Ctrl-C. */
export const watchCommand = (): Command =>
  withFilters(
    new Command('watch')
      .description('print entries as they are written, until Ctrl-C')
      .option('--json', 'as lines of JSON, in full'),
  )
    .allowExcessArguments(false)
    .action(async ({ json, ...options }: FilterOptions & { readonly json?: true }) => {
      const stop = new AbortController();
      const end = (): void => stop.abort();
      process.once('SIGINT', end).once('SIGTERM', end);
      try {
        await withAudit(async (tools) => {
          const filter = prepareFilter(await filterFrom(options, tools));
          const lineOf = (found: FoundEntry): string =>
            json ? jsonLine(found) : `${tableRow(found, filter).join('  ')}\n`;
          await follow(tools, filter, lineOf, stop.signal);
        });
      } finally {
        process.off('SIGINT', end).off('SIGTERM', end);
      }
    });
