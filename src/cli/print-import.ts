import type { ImportResult } from '../imports/import-events.ts';
import type { ReasonCount } from '../imports/refusal-report.ts';

const counted = (count: number, what: string): string =>
  `${count} ${what}${count === 1 ? '' : 's'}`;

const headline = (result: ImportResult, seconds: number, name: string | undefined): string => {
  const { outcome, accepted, refused, now, head, resumedAt } = result;
  const events = counted(accepted, 'event');
  const rows = refused === 0 ? '' : `, ${counted(refused, 'row')} refused`;
  switch (outcome) {
    case 'before':
      return name === undefined
        ? `nothing to do: this file was imported before (${events}${rows})`
        : `nothing to do: an import named \`${name}\` happened before (${events}${rows})`;
    case 'checked':
      return `${events} would be recorded${rows}; nothing was written`;
    case 'refused':
      return resumedAt === 0
        ? `nothing was recorded: ${counted(refused, 'row')} refused`
        : `nothing more was recorded: ${events} before${rows}`;
    case 'done': {
      const rate = Math.round(now / Math.max(seconds, 0.001));
      const since = resumedAt === 0 ? '' : `, ${now} of them now, behind line ${resumedAt}`;
      const ends = head === undefined ? '' : `; the ledger's head is ${head}`;
      return `${events} recorded${since}${rows} (${rate} a second)${ends}`;
    }
  }
};

/** Says what became of an import, and of what was refused how much for which reason. */
export const printImport = (
  result: ImportResult,
  reasons: readonly ReasonCount[],
  seconds: number,
  { report, name }: { readonly report: string | undefined; readonly name: string | undefined },
): void => {
  console.log(headline(result, seconds, name));
  for (const { reason, mend, rows, firstLine } of reasons) {
    const where = rows === 1 ? `line ${firstLine}` : `${rows} rows from line ${firstLine} on`;
    console.log(`  ${where}: ${reason}${mend === undefined ? '' : `; ${mend}`}`);
  }
  if (result.outcome !== 'before' && !result.wholeReport)
    console.log(`  what was refused up to line ${result.resumedAt} is not among these`);
  if (report !== undefined && reasons.length > 0) console.log(`  each row: ${report}`);
};
