import { Command, InvalidArgumentError, Option } from 'commander';
import type { AuditFilter } from '../../audit/audit-filter.ts';
import { noSubject, SubjectDirectory } from '../../ledger/subject-directory.ts';
import { loadPolicy } from '../../load-policy.ts';
import { subjectTypeOf } from '../subject-type.ts';
import type { AuditTools } from './with-audit.ts';

/** As commander hands them over. */
export interface FilterOptions {
  readonly from?: Date;
  readonly to?: Date;
  readonly client?: string;
  readonly actor?: string;
  readonly purpose?: string;
  readonly operation?: string;
  readonly coordinate?: string;
  readonly reason?: string;
  readonly released?: true;
  readonly withheld?: true;
  readonly subject?: number;
  readonly person?: string;
  readonly type?: string;
  readonly outcome?: string;
  readonly kind?: string;
  readonly log?: string;
}

const instant = (text: string): Date => {
  const at = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.test(text)
    ? new Date(text)
    : new Date(NaN);
  if (!Number.isNaN(at.getTime())) return at;
  throw new InvalidArgumentError(
    'It is no time: write `2026-11-24` (midnight UTC) or `2026-11-24T10:00:00Z`.',
  );
};

export const wholeNumber = (text: string): number => {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (number <= 0x7fffffff) return number;
  throw new InvalidArgumentError('It is no whole number.');
};

/** Adds what entries are picked by; the words are those of `auditEntries`. */
export const withFilters = (command: Command): Command =>
  command
    .option('--from <time>', 'from this instant', instant)
    .option('--to <time>', 'up to, and without, this one', instant)
    .option('--client <name>', 'of one calling application')
    .option('--actor <name>', 'of one who acted: `subject:N`, or who the token names')
    .option('--purpose <name>', 'for one purpose')
    .option('--operation <name>', 'of this name')
    .option('--coordinate <Type.field>', 'with a decision about this field')
    .option('--reason <name>', 'with a decision for this reason')
    .addOption(new Option('--released', 'with a decision that released').conflicts('withheld'))
    .option('--withheld', 'with a decision that withheld')
    .addOption(
      new Option('--subject <number>', 'with a decision about this person, by number')
        .argParser(wholeNumber)
        .conflicts('person'),
    )
    .option('--person <id>', 'the same by the id that the source knows the person by')
    .option('--type <name>', 'the type of that person; the one that tokens name when left out')
    .option('--outcome <code>', '`ANSWERED`, or the code of a refusal')
    .option('--kind <kind>', '`operation`, `erasure`, `key`, `retention` or `unreadable`')
    .option('--log <origin>', 'of one log');

/** The filter meant; one of nobody where nothing was ever decided about the person. */
export const filterFrom = async (
  { person, type, released, withheld, ...options }: FilterOptions,
  { config, knex }: AuditTools,
): Promise<AuditFilter> => {
  const names = [
    ...(['from', 'to', 'client', 'actor', 'purpose', 'operation', 'coordinate'] as const),
    ...(['reason', 'subject', 'outcome', 'kind', 'log'] as const),
  ];
  const filter: AuditFilter = {
    ...Object.fromEntries(
      names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
    ),
    ...(released && { released: true }),
    ...(withheld && { released: false }),
  };
  if (person === undefined) return filter;
  const { policy } = await loadPolicy(config);
  const subjects = new SubjectDirectory(knex, 1_000);
  const number = await subjects.known(subjectTypeOf(policy, type), person);
  if (number !== undefined) return { ...filter, subject: number };
  console.error('nothing was ever decided about a person of this id, or they were erased');
  return { ...filter, subject: noSubject };
};
