import type { FieldDecision } from '../../decision/decide-field.ts';
import { formatTable } from '../format-table.ts';
import type { CaseResult } from './run-cases.ts';

const verdictOf = (release: boolean): string => (release ? 'release' : 'withhold');

/** A decision for reading: what, why, and what each pair said. No value is ever in it. */
export const printDecision = ({ release, reason, client, because }: FieldDecision): string => {
  const told = client === null ? '' : `; a client is told ${client}`;
  const first = `${verdictOf(release)}: ${reason}${told}`;
  if (because.length === 0) return first;
  const rows = because.map((line) => [
    line.purpose,
    line.category,
    line.scope,
    line.basis ?? '-',
    verdictOf(line.release),
    line.reason,
  ]);
  const header = ['purpose', 'category', 'scope', 'basis', 'decision', 'reason'];
  return `${first}\n\n${formatTable(header, rows)}`;
};

const outcome = ({ release, reason }: { readonly release: boolean; readonly reason: string }) =>
  `${verdictOf(release)} ${reason}`;

/** Each case with what it expects and what it came to; then how many differ. */
export const printCases = (results: readonly CaseResult[]): string => {
  const rows = results.map(({ name, expect, actual, agrees }) => [
    agrees ? 'ok' : 'DIFFERS',
    name,
    outcome(expect),
    outcome(actual),
  ]);
  const differing = results.filter(({ agrees }) => !agrees).length;
  const table = formatTable(['', 'case', 'expected', 'actual'], rows);
  return `${table}\n\n${results.length} cases, ${differing === 0 ? 'all as expected' : `${differing} not as expected`}`;
};
