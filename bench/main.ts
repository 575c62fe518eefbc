import { benchAudit } from './audit/bench-audit.ts';
import { auditReportOf, auditTableOf } from './audit/report.ts';
import { benchDecisions } from './decisions/bench-decisions.ts';
import { decisionsTableOf } from './decisions/report.ts';
import { efforts } from './efforts.ts';
import { benchFlood } from './flood/bench-flood.ts';
import { benchGrowth, smallGrowth } from './growth/bench-growth.ts';
import { growthTableOf } from './growth/report.ts';
import { installPeers, movePeers } from './install-peers.ts';
import { benchLedger, smallLedger } from './ledger/bench-ledger.ts';
import { ledgerTableOf } from './ledger/report.ts';
import { Load } from './load.ts';
import { measure } from './measure.ts';
import { help, readOptions, type Options, type Part } from './options.ts';
import { profileVariants } from './profile-variants.ts';
import { machineOf, reportOf, type OtherParts } from './report.ts';
import { setStage, type Stage } from './stage.ts';
import { tableOf } from './table.ts';

/** What every part gets from the run around it. */
interface Run {
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Called with what has to be stopped, should the run end early. */
  readonly owns: (stop: () => Promise<void>) => void;
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const asJson = (value: unknown): string => JSON.stringify(value, null, 2);

const runPart = async (part: Part, options: Options, run: Run): Promise<string> => {
  const { json } = options;
  switch (part) {
    case 'ledger': {
      const ledger = await benchLedger(options.ledger, run);
      return json ? asJson({ machine: machineOf(ledger.postgres), ledger }) : ledgerTableOf(ledger);
    }
    case 'growth': {
      const growth = await benchGrowth(options.growth, run);
      return json ? asJson({ machine: machineOf(growth.postgres), growth }) : growthTableOf(growth);
    }
    case 'decisions': {
      await installPeers(run.say);
      const decisions = await benchDecisions(run);
      return json
        ? asJson({ machine: machineOf(decisions.postgres), decisions_vs_best: decisions })
        : decisionsTableOf(decisions);
    }
    case 'flood': {
      const stage = await setStage();
      run.owns(() => stage.close());
      return asJson({ flood_p99: await benchFlood({ ...run, stage }) });
    }
    case 'audit': {
      const audit = auditReportOf(await benchAudit(run));
      return json ? asJson({ machine: machineOf(audit.postgres), audit }) : auditTableOf(audit);
    }
  }
};

/**
 * One after the other, on a machine that has nothing else to do then. A part that fails is left out and
 * told of: what was measured before is not lost with it.
 */
const otherParts = async (run: Run, stage: Stage): Promise<OtherParts> => {
  const part = async <T>(name: string, measured: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await measured();
    } catch (error) {
      run.signal.throwIfAborted();
      say(`${name} failed and is left out: ${error instanceof Error ? error.message : 'unknown'}`);
      process.exitCode = 1;
      return undefined;
    }
  };
  return {
    flood_p99: await part('flood', () => benchFlood({ ...run, stage })),
    decisions_vs_best: await part('decisions', () => benchDecisions(run)),
    growth: await part('growth', () => benchGrowth(smallGrowth, run)),
    ledger: await part('ledger', () => benchLedger(smallLedger, run)),
    audit: await part('audit', async () => auditReportOf(await benchAudit(run))),
  };
};

const runAll = async (options: Options, run: Run): Promise<string> => {
  const begin = performance.now();
  const { callers, profile, quick, peers } = options;
  if (peers && profile === undefined) await installPeers(run.say);
  const effort = quick ? efforts.quick : efforts.full;
  say('starting PostgreSQL and filling it');
  const stage = await setStage();
  run.owns(() => stage.close());
  const load = new Load({ signal: run.signal, tokens: stage.tokens });
  run.owns(() => {
    load.close();
    return Promise.resolve();
  });
  const bench = { ...run, stage, load, effort, callers, peers };
  if (profile !== undefined) return profileVariants(bench, profile, callers);
  const measured = await measure(bench);
  const parts = quick ? {} : await otherParts(run, stage);
  const seconds = (performance.now() - begin) / 1_000;
  const postgres = stage.postgresVersion;
  const report = reportOf(measured, { effort, callers, seconds, postgres }, parts);
  if (!quick) say('with millions of subjects: npm run bench -- ledger, npm run bench -- growth');
  return options.json ? asJson(report) : tableOf(report);
};

const main = async (): Promise<void> => {
  const interrupted = new AbortController();
  const stops: (() => Promise<void>)[] = [];
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interrupted.abort(new Error('interrupted')));
  }
  try {
    const options = readOptions(process.argv.slice(2));
    const owns = (stop: () => Promise<void>): void => void stops.push(stop);
    const run = { signal: interrupted.signal, say, owns };
    await movePeers();
    if (options.help) process.stdout.write(help);
    else {
      const { part } = options;
      const text =
        part === undefined ? await runAll(options, run) : await runPart(part, options, run);
      process.stdout.write(`${text}\n`);
    }
  } catch (error) {
    say(error instanceof Error ? `the bench failed: ${error.message}` : String(error));
    process.exitCode = interrupted.signal.aborted ? 130 : 1;
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
};

await main();
