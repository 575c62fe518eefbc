import { Command } from 'commander';
import { PlanError } from '../core/errors.ts';
import { decideField, unknownNames, type FieldDecision } from '../decision/decide-field.ts';
import { loadPolicy } from '../load-policy.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { casesOf, noticeBookOf, personOf, readCaseForm } from './decide/case-file.ts';
import { readHistory, type Moment } from './decide/history.ts';
import { personOfLedger } from './decide/person-of-ledger.ts';
import { printCases, printDecision } from './decide/print-decision.ts';
import { runCase } from './decide/run-cases.ts';
import { readConfig } from './read-config.ts';
import { withLedger } from './with-ledger.ts';

interface Options {
  readonly cases?: string;
  readonly events?: string;
  readonly notices?: string;
  readonly subject?: string;
  readonly type?: string;
  readonly purpose?: string;
  readonly field?: string;
  readonly place?: string;
  readonly gpc?: boolean;
  readonly at?: string;
  readonly json?: boolean;
}

/** What every way of asking for one field names. */
interface Question {
  readonly purpose: string;
  readonly field: string;
  readonly gpc: boolean;
}

type Answer = FieldDecision & { readonly at: string };

const dateOf = (now: number): string => new Date(now / 1000).toISOString();

const checkNames = (policy: Policy, { purpose, field }: Question): void => {
  const problems = unknownNames(policy, { purpose, coordinate: field });
  if (problems.length === 0) return;
  throw new PlanError(problems.map(({ what, mend }) => `${what}; ${mend}`).join('\n'));
};

const checkType = (policy: Policy, field: string, type: string | undefined): string => {
  const person = personOf(policy, field);
  if (type === undefined || type === person) return person;
  throw new PlanError(`the rows behind \`${field}\` concern a \`${person}\`; leave \`--type\` out`);
};

const ask = (
  policy: Policy,
  { purpose, field, gpc }: Question,
  about: Pick<Parameters<typeof decideField>[1], 'events' | 'place' | 'now'>,
): Answer => ({
  ...decideField(policy, { purpose, coordinate: field, gpc, ...about }),
  at: dateOf(about.now),
});

const byLedger = (question: Question, options: Options, moment: Moment | undefined) =>
  withLedger(async (tools) => {
    const { policy } = tools;
    checkNames(policy, question);
    const type = checkType(policy, question.field, options.type);
    const known = await personOfLedger(type, options.subject ?? '', moment, tools);
    return ask(policy, question, known);
  });

const byHistory = async (
  question: Question,
  { events: file = '', notices, type, place }: Options,
  moment: Moment,
): Promise<Answer> => {
  const { policy } = await loadPolicy(readConfig());
  checkNames(policy, question);
  const person = checkType(policy, question.field, type);
  const book = noticeBookOf(notices === undefined ? {} : (await readCaseForm(notices)).notices);
  const events = await readHistory(file, person, moment, policy, book);
  return ask(policy, question, { events, place, now: moment.now });
};

const byCases = async (file: string, json: boolean): Promise<void> => {
  const form = await readCaseForm(file);
  const { policy } = await loadPolicy(readConfig());
  const results = casesOf(form, policy, file).map((one) => runCase(one, policy));
  console.log(
    json ? JSON.stringify({ policy: policy.id, cases: results }, null, 2) : printCases(results),
  );
  if (results.some(({ agrees }) => !agrees)) process.exitCode = 1;
};

const momentOf = (text: string, command: Command): Moment => {
  const time = new Date(text);
  if (Number.isNaN(time.getTime()))
    command.error('error: `--at` is no time; write it as 2026-03-01T10:00:00Z', { exitCode: 2 });
  return { now: time.getTime() * 1000, chosen: true };
};

const run = async (options: Options, command: Command): Promise<void> => {
  const { cases, events, subject, purpose, field, at, gpc, json = false } = options;
  const ways = [cases, events, subject].filter((way) => way !== undefined);
  if (ways.length !== 1)
    command.error('error: name one of `--subject`, `--events` and `--cases`', { exitCode: 2 });
  if (cases !== undefined) {
    await byCases(cases, json);
    return;
  }
  if (purpose === undefined || field === undefined)
    command.error('error: name `--purpose` and `--field`', { exitCode: 2 });
  if (subject !== undefined && options.place !== undefined)
    command.error('error: `--place` is for `--events`: a person lives where their row says', {
      exitCode: 2,
    });
  const question = { purpose, field, gpc: gpc === true };
  const moment = at === undefined ? undefined : momentOf(at, command);
  const answer = await (subject === undefined
    ? byHistory(question, options, moment ?? { now: Date.now() * 1000, chosen: false })
    : byLedger(question, options, moment));
  console.log(
    json ? JSON.stringify({ purpose, field, ...answer }, null, 2) : printDecision(answer),
  );
};

/**
 * `sayso decide`: what the gateway would decide on one field, and why; of a person by the ledger, of
 * a history that nobody said, or of a file of worked cases (its form: `caseFileForm`). No value of
 * anybody's data is read or printed.
 */
export const decideCommand = (): Command =>
  new Command('decide')
    .description('tell what would be released and why; or check a file of worked cases')
    .option('--purpose <name>', 'what for')
    .option('--field <Type.field>', 'which field')
    .option('--subject <id>', 'of this person, by the ledger and their own row')
    .option('--type <name>', 'the person’s type, where there are several')
    .option('--events <file>', 'of a history to try: lines as `sayso consent import` takes them')
    .option('--notices <file>', 'with --events: a file of cases whose notices the lines may name')
    .option('--place <code>', 'with --events: where the person lives, such as US-CA')
    .option('--gpc', 'the request carries the Global Privacy Control signal')
    .option('--at <time>', 'as it is at this time, by what was said up to then')
    .option('--cases <file>', 'check worked cases; exit code 1 when one is not as expected')
    .option('--json', 'print JSON')
    .action(async (options: Options, command: Command) => {
      await run(options, command);
    });
