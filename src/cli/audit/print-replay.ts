import { severities, type Difference, type Severity } from '../../replay/difference.ts';
import type { ReplaySummary } from '../../replay/replay-log.ts';

/** Most differences that are printed one by one. */
export const maxPrinted = 1_000;

/** Keeps what will be printed, and no more: the gravest come first, whenever they were found. */
export class DifferencesToPrint {
  readonly #kept = new Map<Severity, Difference[]>(severities.map((one) => [one, []]));

  add(difference: Difference): void {
    const kept = this.#kept.get(difference.severity);
    if (kept && kept.length < maxPrinted) kept.push(difference);
  }

  list(): readonly Difference[] {
    return [...this.#kept.values()].flat().slice(0, maxPrinted);
  }
}

const whereOf = ({ log, index, id }: Difference): string =>
  log === undefined
    ? 'the ledger'
    : `${log} entry ${index ?? '?'}${id === undefined ? '' : ` (${id})`}`;

/** What stands in it may come from whoever forged it: nothing of it steers a terminal. */
const plain = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd').slice(0, 400);

/** One difference, over two lines. */
export const differenceLines = (difference: Difference): string => {
  const { severity, coordinate, subjects, says, follows } = difference;
  const about = [coordinate, subjects === undefined ? undefined : `subject ${subjects}`]
    .filter((part) => part !== undefined)
    .join(', ');
  return plain(`${severity}  ${whereOf(difference)}${about === '' ? '' : `: ${about}`}`).concat(
    `\n    it says: ${plain(says)}\n    follows: ${plain(follows)}`,
  );
};

const number = (count: number): string => count.toLocaleString('en-US');

const outcomes: Readonly<Record<Severity, string>> = {
  OVER_RELEASE: 'released, and had to be withheld',
  OVER_WITHHELD: 'withheld, and had to be released',
  REASON: 'for another reason than it says',
  RECORD: 'in the record itself',
};

const conclusion = (differences: number, unreplayed: boolean): string => {
  if (differences > 0) return `${number(differences)} difference${differences === 1 ? '' : 's'}`;
  return unreplayed ? 'not everything could be replayed' : 'no difference';
};

/** What a replay came to. */
export const summaryLines = (summary: ReplaySummary): readonly string[] => {
  const { differences, lost } = summary;
  const all = severities.reduce((sum, severity) => sum + differences[severity], 0);
  return [
    `${number(summary.entries)} entries with ${number(summary.decisions)} decisions`,
    `${number(summary.derived)} times a field of a person was derived anew; of these`,
    `  ${number(summary.onPlace)} rest on where the person lives, which no entry tells`,
    `  ${number(summary.notDerivable)} were withheld by a rule about the caller, which cannot be derived`,
    `  ${number(summary.onRule)} were released by a rule about the caller, of which the entry tells nothing`,
    ...lost.map(
      ({ policy, problem, entries }) =>
        `NOT REPLAYED: ${number(entries)} entries of policy ${plain(policy)}: ${plain(problem)}`,
    ),
    ...(summary.aheadOfLedger > 0
      ? [`NOT REPLAYED: ${number(summary.aheadOfLedger)} entries that are ahead of the ledger`]
      : []),
    ...severities
      .filter((severity) => differences[severity] > 0)
      .map((severity) => `${severity}: ${number(differences[severity])} ${outcomes[severity]}`),
    conclusion(all, lost.length > 0 || summary.aheadOfLedger > 0),
  ];
};
