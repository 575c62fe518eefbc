import { parseArgs } from 'node:util';
import { fewestSubjects, fullLedger, type LedgerSize } from './ledger/bench-ledger.ts';
import { fullGrowth } from './growth/bench-growth.ts';
import { fewest } from './growth/samples.ts';
import { mostCallers } from './load.ts';
import { sizes, type Size } from './shop.ts';

export const help = `npm run bench -- [--json] [--quick [--peers]] [--callers N] [--profile N]
npm run bench -- ledger [--json] [--subjects N] [--events N]
npm run bench -- growth [--json] [--subjects N]
npm run bench -- decisions [--json]
npm run bench -- flood
npm run bench -- audit [--json]

  --json       one JSON object on standard output and nothing else
  --quick      fewer rounds, in processes that are started once, and the requests alone, without
               the other servers
  --peers      with --quick: with the other servers
  --callers N  requests under way at a time, 8 unless told
  --profile N  instead of measuring: where the time goes when N customers are asked for (1, 100, 1000)

  ledger        the ledger alone: memory, cold batches and events per second with many subjects
  --subjects N  how many; a million unless told, which takes ten to fifteen minutes and 8 GB of disk
  --events N    of each subject, 10 unless told

  growth        the same query over 1,000 and over more subjects
  --subjects N  1,000 and so many; unless told 1,000, a million and ten million, for which up to 33 GB
                of disk have to be free

  decisions     decisions per second against CASL, Casbin and Cedar

  flood         how much longer others wait while one client sends ever new documents; JSON

  audit         the audit log alone: durable entries per second, and what it adds to a request
`;

export const parts = ['ledger', 'growth', 'decisions', 'flood', 'audit'] as const;
export type Part = (typeof parts)[number];

/** What the command line asks for. */
export interface Options {
  /** One part alone; all of them otherwise. */
  readonly part: Part | undefined;
  readonly json: boolean;
  readonly quick: boolean;
  /** Other servers are measured as well. */
  readonly peers: boolean;
  readonly callers: number;
  readonly profile: Size | undefined;
  readonly help: boolean;
  readonly ledger: LedgerSize;
  /** Numbers of subjects, the fewest first. */
  readonly growth: readonly number[];
}

const isPart = (word: string): word is Part => (parts as readonly string[]).includes(word);

const partOf = ([word]: readonly string[]): Part | undefined => {
  if (word === undefined || isPart(word)) return word;
  throw new Error(`the parts to ask for are ${parts.map((part) => `\`${part}\``).join(', ')}`);
};

const whole = (option: string, text: string, least: number, most = 1e9): number => {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new Error(`--${option} takes a whole number from ${least} to ${most}`);
};

/** @throws when it asks for what there is not; the message says what there is */
export const readOptions = (args: readonly string[]): Options => {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      peers: { type: 'boolean', default: false },
      profile: { type: 'string' },
      callers: { type: 'string', default: '8' },
      subjects: { type: 'string' },
      events: { type: 'string', default: String(fullLedger.events) },
      help: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const { json, quick, help: wanted, subjects } = values;
  const part = partOf(positionals);
  const profile = sizes.find((size) => String(size) === values.profile);
  if (values.profile !== undefined && profile === undefined)
    throw new Error(`--profile takes one of ${sizes.join(', ')}`);
  const least = part === 'growth' ? fewest + 1 : fewestSubjects;
  const many = subjects === undefined ? undefined : whole('subjects', subjects, least);
  return {
    part,
    json,
    quick,
    peers: !quick || values.peers,
    callers: whole('callers', values.callers, 1, mostCallers),
    profile,
    help: wanted,
    ledger: {
      subjects: many ?? fullLedger.subjects,
      events: whole('events', values.events, 1),
    },
    growth: many === undefined ? fullGrowth : [fewest, many],
  };
};
