import { once } from 'node:events';
import type { DeciderKind, DecisionsJob, Said } from './deciders.ts';
import { batches, batchSize, type Decider } from './people.ts';

/** The deciding process: one library, or the product; says what it decided and how fast, and ends. */

/**
 * For every decider alike. After 400 ms some of their code was still compiled while it was measured,
 * more so the more of it there is; those that have little are as fast as they get long before.
 */
const warmUpMs = 1_500;
const measuredMs = 800;

const open = async (kind: DeciderKind, { connection }: DecisionsJob): Promise<Decider> => {
  if (kind === 'sayso') return (await import('./sayso.ts')).openSayso(connection);
  const peer = new URL(`../peers/deciders/${kind}.ts`, import.meta.url).href;
  // Every module of that name exports how it is opened.
  const { open: opened } = (await import(peer)) as { readonly open: () => Promise<Decider> };
  return opened();
};

const all = batches();

const decideAll = async (decider: Decider): Promise<Uint8Array> => {
  const outcomes = new Uint8Array(all.length * batchSize);
  for (const [i, batch] of all.entries())
    await decider.decide(batch, outcomes.subarray(i * batchSize, (i + 1) * batchSize));
  return outcomes;
};

/** Decides batch after batch for that long; gives decisions per second of this process's CPU. */
const speedOf = async (decider: Decider, ms: number): Promise<number> => {
  const out = new Uint8Array(batchSize);
  const begin = performance.now();
  const before = process.cpuUsage();
  let decided = 0;
  for (let i = 0; performance.now() - begin < ms; i += 1) {
    const batch = all[i % all.length];
    if (!batch) continue;
    await decider.decide(batch, out);
    decided += batchSize;
  }
  const { user, system } = process.cpuUsage(before);
  return decided / ((user + system) / 1e6);
};

const tell = (said: Said): void => void process.send?.(said);

// Ctrl-C reaches every process of the terminal; the bench then ends us in its own time.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => undefined);
}
process.on('disconnect', () => process.exit(1));

const [job] = (await once(process, 'message')) as [DecisionsJob];
try {
  // The bench names the decider that it wants.
  const decider = await open(process.argv[2] as DeciderKind, job);
  const outcomes = await decideAll(decider);
  await speedOf(decider, warmUpMs);
  tell({ figures: { outcomes, perSecond: await speedOf(decider, measuredMs) } });
  await decider.close?.();
} catch (error) {
  tell({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) });
} finally {
  process.removeAllListeners('disconnect');
  process.disconnect();
}
