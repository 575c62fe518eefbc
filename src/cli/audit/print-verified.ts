import { visible } from '../visible.ts';
import type { VerifyReport } from '../../audit/verify/verify-log.ts';

const most = 20;

const checkedOf = ({ from, to, size, entries, gone, firstAt, lastAt }: VerifyReport): string => {
  const range = from < to ? `entries ${from} to ${to - 1} of ${size}` : `no entries of ${size}`;
  const times = firstAt === undefined ? '' : `, written ${firstAt} to ${lastAt ?? ''}`;
  const taken = gone === 0 ? '' : `; ${gone} of them by their hashes alone`;
  return `${range}: ${entries} read${times}${taken}`;
};

/** What was verified and what came of it, for people. */
export const printVerified = (report: VerifyReport): string => {
  const { sound, first, findings, findingCount, seconds, entries } = report;
  const lines: string[][] = [
    ['log', report.origin],
    ['checked', checkedOf(report)],
    ['root', report.root],
    ...report.signedBy.map((key) => ['signed by', key]),
    ...report.keyChanges.map(({ index, from, to }) => [
      'key',
      `entry ${index} replaced ${from} by ${to}`,
    ]),
    ...report.witnesses.map(({ name, at, size }) => [
      'witness',
      `${name} saw ${size} entries at ${at}`,
    ]),
    ...(report.known === undefined
      ? []
      : [['since', `compared with what was kept at ${report.known} entries`]]),
    ...report.remarks.map((remark) => ['note', remark]),
  ];
  const rate = seconds > 0 ? `, ${Math.round(entries / seconds)} entries a second` : '';
  const verdict = sound
    ? [`sound: nothing was changed, left out or doubled (${seconds.toFixed(1)} s${rate})`]
    : [
        first?.index === undefined
          ? `NOT SOUND: ${findingCount} finding(s)`
          : `NOT SOUND: first bad index ${first.index}, ${findingCount} finding(s)`,
        ...findings
          .slice(0, most)
          .map(({ index, where, what }) => `  ${index ?? '-'}  ${where}  ${what}`),
        ...(findingCount > most
          ? [`  … and ${findingCount - Math.min(most, findings.length)} more`]
          : []),
      ];
  return [...lines.map(([name = '', text = '']) => `${name.padEnd(9)}  ${text}`), ...verdict]
    .map(visible)
    .join('\n');
};
