import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import { findSourceMap } from 'node:module';
import { tuneEngine } from '../src/cli/tune-engine.ts';
import type { Answer, Answers, Ask, StartVariant, VariantKind } from './variant.ts';

/** The serving process: does what the bench asks over IPC, and ends when the bench does. */

// As the gateway's processes do; what others would spare by it is not what is compared.
tuneEngine();

let close: (() => Promise<void>) | undefined;
const session = new Session();

/** The one variant that this process serves, and nothing of the others: peers have packages of their own. */
const starterOf = async (kind: VariantKind): Promise<StartVariant> => {
  if (kind === 'governed') return (await import('./variants/governed.ts')).startGoverned;
  if (kind === 'ungoverned') return (await import('./variants/ungoverned.ts')).startUngoverned;
  const peer = new URL(`peers/${kind}.ts`, import.meta.url).href;
  // Every module of that name exports how it is started (`StartPeer`).
  return ((await import(peer)) as { readonly start: StartVariant }).start;
};

const start = async ({
  kind,
  place,
}: Extract<Ask, { ask: 'start' }>): Promise<Answers['start']> => {
  const running = await (await starterOf(kind))(place);
  close = () => running.close();
  return { url: running.url };
};

/** Where a function stands in the source, which the code that runs has been made from. */
const inSource = (node: Profiler.ProfileNode): Profiler.ProfileNode => {
  const { url, lineNumber, columnNumber } = node.callFrame;
  const map = url.includes('/node_modules/') ? undefined : findSourceMap(url);
  const entry = map?.findEntry(lineNumber, columnNumber);
  if (!entry || !('originalLine' in entry)) return node;
  return { ...node, callFrame: { ...node.callFrame, lineNumber: entry.originalLine } };
};

const answer = async (message: Ask): Promise<Answers[keyof Answers]> => {
  switch (message.ask) {
    case 'start':
      return start(message);
    case 'cpu': {
      const { user, system } = process.cpuUsage();
      return user + system;
    }
    case 'profile':
      session.connect();
      await session.post('Profiler.enable');
      await session.post('Profiler.setSamplingInterval', { interval: 250 });
      await session.post('Profiler.start');
      return null;
    case 'profiled': {
      const { profile } = await session.post('Profiler.stop');
      session.disconnect();
      return { ...profile, nodes: profile.nodes.map(inSource) };
    }
  }
};

const tell = (said: Answer): void => void process.send?.(said);

process.on('message', (message: Ask) => {
  answer(message).then(
    (value) => tell({ answer: value }),
    (error: unknown) =>
      tell({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
process.on('disconnect', () => {
  const done = (): never => process.exit(0);
  (close?.() ?? Promise.resolve()).then(done, done);
});
// Ctrl-C reaches every process of the terminal; the bench then ends us in its own time.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => undefined);
}
tell({ answer: 'ready' });
