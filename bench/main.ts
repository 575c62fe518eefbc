import { parseArgs } from 'node:util';
import { benchAudit, type AuditRun } from './audit/bench-audit.ts';
import { auditReportOf, auditTableOf } from './audit/report.ts';
import { benchFlood } from './flood/bench-flood.ts';
import { checkAnswers } from './check-answers.ts';
import {
  benchLedger,
  fewestSubjects,
  fullLedger,
  smallLedger,
  type LedgerRun,
} from './ledger/bench-ledger.ts';
import { ledgerTableOf } from './ledger/report.ts';
import { Load } from './load.ts';
import { efforts, measure, type Bench } from './measure.ts';
import { summarize } from './profile.ts';
import { machineOf, reportOf, tableOf } from './report.ts';
import { sizes, type Size } from './shop.ts';
import { setStage } from './stage.ts';
import { Variant, type VariantKind } from './variant.ts';

const help = `npm run bench -- [--json] [--quick] [--callers N] [--profile N]
npm run bench -- ledger [--json] [--subjects N] [--events N]
npm run bench -- audit [--json]
npm run bench -- flood

  --json       one JSON object on standard output and nothing else
  --quick      fewer rounds, in processes that are started once, and nothing of ledger and log
  --callers N  requests under way at a time, 8 unless told
  --profile N  instead of measuring: where the time goes when N customers are asked for (1, 100, 1000)

  ledger        the ledger alone: memory, cold batches and events per second with many subjects
  --subjects N  how many; a million unless told, which takes ten to fifteen minutes and 8 GB of disk
  --events N    of each subject, 10 unless told

  audit         the audit log alone: durable entries per second, and what it adds to a request

  flood         how much longer others wait while one client sends ever new documents; always JSON
`;

const { values, positionals } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    profile: { type: 'string' },
    callers: { type: 'string', default: '8' },
    subjects: { type: 'string', default: String(fullLedger.subjects) },
    events: { type: 'string', default: String(fullLedger.events) },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const profiledRequests = { 1: 6_000, 100: 2_000, 1_000: 400 } as const satisfies Record<Size, number>;

const profile = async ({ stage, load, owns, signal }: Bench, size: Size): Promise<string> => {
  const start = async (kind: VariantKind): Promise<Variant> => {
    const variant = await Variant.start(kind, stage.place(kind), signal);
    owns(() => variant.stop());
    return variant;
  };
  const team = { governed: await start('governed'), off: await start('ungoverned') };
  const { lengths } = (await checkAnswers(load, { ...team, again: team.off }))[size];
  const requests = profiledRequests[size];
  const profileOf = async (member: keyof typeof team) => {
    const work = () => load.drive(team[member], size, requests, lengths[member]);
    await work();
    return team[member].profile(work);
  };
  const governed = await profileOf('governed');
  return summarize({ governed, off: await profileOf('off'), requests });
};

const whole = (option: 'callers' | 'subjects' | 'events', least: number): number => {
  const value = Number(values[option]);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`--${option} takes a whole number from ${least}`);
};

const runLedger = async (run: LedgerRun): Promise<string> => {
  const size = { subjects: whole('subjects', fewestSubjects), events: whole('events', 1) };
  const ledger = await benchLedger(size, run);
  if (!values.json) return ledgerTableOf(ledger);
  return JSON.stringify({ machine: machineOf(ledger.postgres), ledger }, null, 2);
};

const runAudit = async (run: AuditRun): Promise<string> => {
  const audit = auditReportOf(await benchAudit(run));
  if (!values.json) return auditTableOf(audit);
  return JSON.stringify({ machine: machineOf(audit.postgres), audit }, null, 2);
};

const runFlood = async (signal: AbortSignal, owns: Bench['owns']): Promise<string> => {
  const stage = await setStage();
  owns(() => stage.close());
  const flood = await benchFlood({ stage, signal, say, owns });
  return JSON.stringify({ machine: machineOf(stage.postgresVersion), flood }, null, 2);
};

const run = async (signal: AbortSignal, stops: (() => Promise<void>)[]): Promise<string> => {
  const owns = (stop: () => Promise<void>): void => void stops.push(stop);
  const [part] = positionals;
  if (part === 'ledger') return runLedger({ signal, say, owns });
  if (part === 'audit') return runAudit({ signal, say, owns });
  if (part === 'flood') return runFlood(signal, owns);
  if (part !== undefined) throw new Error('the parts to ask for are `ledger`, `audit` and `flood`');
  const begin = performance.now();
  const callers = whole('callers', 1);
  const profiled = sizes.find((size) => String(size) === values.profile);
  if (values.profile !== undefined && profiled === undefined) {
    throw new Error(`--profile takes one of ${sizes.join(', ')}`);
  }
  const effort = values.quick ? efforts.quick : efforts.full;
  say('starting PostgreSQL and filling it');
  const stage = await setStage();
  stops.push(() => stage.close());
  const load = new Load({ callers, signal, tokens: stage.tokens });
  stops.push(() => {
    load.close();
    return Promise.resolve();
  });
  const bench = { stage, load, effort, signal, say, owns };
  if (profiled !== undefined) return profile(bench, profiled);
  const measured = await measure(bench);
  const ledger = values.quick ? undefined : await benchLedger(smallLedger, bench);
  const audit = values.quick ? undefined : auditReportOf(await benchAudit(bench));
  const report = reportOf(measured, {
    effort,
    callers,
    seconds: (performance.now() - begin) / 1_000,
    postgres: stage.postgresVersion,
    ledger,
    audit,
  });
  if (ledger) say('a ledger of a million subjects: npm run bench -- ledger');
  return values.json ? JSON.stringify(report, null, 2) : tableOf(report);
};

const main = async (): Promise<void> => {
  const interrupted = new AbortController();
  const stops: (() => Promise<void>)[] = [];
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interrupted.abort(new Error('interrupted')));
  }
  try {
    process.stdout.write(`${await run(interrupted.signal, stops)}\n`);
  } catch (error) {
    say(error instanceof Error ? `the bench failed: ${error.message}` : String(error));
    process.exitCode = interrupted.signal.aborted ? 130 : 1;
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
};

if (values.help) process.stdout.write(help);
else await main();
