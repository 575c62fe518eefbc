import type { z } from 'zod';
import { nearest } from '../../core/did-you-mean.ts';
import { SaysoError, type Problem } from '../../core/errors.ts';
import { formKeys } from './case-form.ts';

/** A file of cases, or a history, that cannot be tried out: with every problem found. */
export class DecideError extends SaysoError {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    const lines = problems.map(
      ({ where, what, mend }) => `  ${where}\n    ${what}\n    mend: ${mend}`,
    );
    super(`${problems.length} problem(s):\n${lines.join('\n')}`, {
      code: 'DECIDE_INVALID',
      status: 400,
    });
    this.problems = problems;
  }
}

type Issue = z.core.$ZodIssue;

const mendOf = (issue: Issue): string => {
  if (issue.code === 'unrecognized_keys') {
    const near = nearest((issue.keys[0] ?? '').slice(0, 64), formKeys);
    return near === undefined ? 'take it away' : `did you mean \`${near}\`?`;
  }
  if (issue.code === 'invalid_value')
    return `use one of ${issue.values.map((one) => `\`${String(one)}\``).join(', ')}`;
  return issue.code === 'invalid_format'
    ? 'write a time as `2026-03-01T10:00:00Z`'
    : 'write it as docs/try-a-rule.md shows';
};

const whatOf = (issue: Issue): string => {
  const at = issue.path.map(String).join('.');
  const shown = at === '' ? 'it' : `\`${at}\``;
  if (issue.code === 'unrecognized_keys')
    return `${at === '' ? '' : `${shown}: `}\`${issue.keys.join('`, `')}\` has no meaning here`;
  return `${shown} is wrong: ${issue.message.toLowerCase()}`;
};

/** What a form says of a value, as a problem at a place. */
export const problemOf = (issue: Issue, where: string): Problem => ({
  where,
  what: whatOf(issue),
  mend: mendOf(issue),
});
