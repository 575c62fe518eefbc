import { Command } from 'commander';
import { startApp } from '../app.ts';
import { demoCallers, sampleQueries } from '../sample/sample-queries.ts';
import type { Config } from '../config/config.ts';
import { tuneEngine } from './tune-engine.ts';
import { createProgress } from './progress.ts';
import { readConfig } from './read-config.ts';
import { startWorkers, type Running } from './workers/start-workers.ts';

const indent = (text: string): string => text.trim().replace(/^/gm, '    ');

/** What a newcomer needs next: where it is, what to ask, and as whom. */
const demoGuide = async ({ issuer }: Running): Promise<string> => {
  if (!issuer) return '';
  const parts = ['Three queries to try (they wait on the page, too):'];
  for (const sample of sampleQueries.slice(0, 3)) {
    const caller = demoCallers.find(({ name }) => name === sample.caller);
    const token = await issuer.mint({
      client: caller?.client ?? 'demo',
      scope: caller?.scopes.join(' ') ?? '',
    });
    parts.push(
      '',
      `${sample.name}. ${sample.shows}`,
      indent(sample.query),
      `  as ${sample.caller}:`,
      `    Authorization: Bearer ${token}`,
    );
  }
  parts.push(
    '',
    'More tokens: npx sayso token --client NAME --scope "purpose:RECOMMENDATIONS" [--subject ID]',
  );
  return `${parts.join('\n')}\n\n`;
};

const workersOf = ({ workers = 1 }: Config): number => workers;

const announce = async (app: Running, config: Config, ms: number): Promise<void> => {
  const seconds = (ms / 1_000).toFixed(1);
  const lines = [
    `Sayso listens at ${app.url}/graphql (started in ${seconds} s)`,
    ...(config.demo ? [`GraphQL page:    ${app.url}/`] : []),
    `Policy:          ${app.policy.id}`,
    ...(config.operations === 'REGISTERED_ONLY'
      ? [
          'Operations:      registered ones only (`sayso operations push`); others are refused, the page’s too',
        ]
      : []),
    ...(workersOf(config) > 1 ? [`Workers:         ${workersOf(config)}`] : []),
    ...(config.demo
      ? ['Demo mode:       tokens of its own, loopback only. Ctrl-C stops everything.']
      : []),
  ];
  // The address comes last, where the eye is.
  const guided = config.loadSampleShop && config.operations === 'ANY';
  console.log((guided ? await demoGuide(app) : '') + lines.join('\n'));
};

/** `sayso start`: runs the gateway until it is told to stop. */
export const startCommand = (): Command =>
  new Command('start').description('run the gateway').action(async () => {
    const begin = performance.now();
    tuneEngine();
    const config = readConfig();
    const progress = createProgress();
    let stopping: Promise<void> | undefined;
    const running: { app?: Running } = {};
    const stop = (): void => {
      // A second signal while the start is still under way ends at once; the database stops with us.
      if (!running.app) process.exit(130);
      if (!stopping) console.log('Stopping.');
      stopping ??= running.app.close().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
    const options = { progress: progress.show };
    const count = workersOf(config);
    const app = await (count > 1
      ? startWorkers(config, count, options)
      : startApp(config, options));
    running.app = app;
    progress.stop();
    await announce(app, config, performance.now() - begin);
  });
