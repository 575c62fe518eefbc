import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { logKey } from '../tlog/keys.ts';
import { leafAt, naiveConsistency } from '../tlog/trees.ts';
import { bodyOf, noteOf, temporaryFolder } from './drive.ts';
import { runWitness } from './process.ts';

const log = logKey('log.example');
type Tree = readonly Buffer[];

const ask = async (url: string, old: number, tree: Tree): Promise<number | undefined> => {
  const body = bodyOf(old, naiveConsistency(old, tree), noteOf(log.signer, tree));
  try {
    const answer = await fetch(`${url}/add-checkpoint`, { method: 'POST', body });
    await answer.text();
    return answer.status;
  } catch {
    // Killed before it answered.
    return undefined;
  }
};

/** Some time within the first requests, whatever the disk is like. */
const moment = (round: number): number => (round * 7) % 40;

it('never takes back a cosignature, killed 60 times at any moment of a fork', async () => {
  const folder = temporaryFolder();
  const args = ['--dir', folder, '--name', 'w.example', '--log', log.public, '--port', '0'];
  let tree: Tree = [];
  let leaf = 0;
  const grown = (by: number): Tree => [
    ...tree,
    ...Array.from({ length: by }, () => leafAt((leaf += 1))),
  ];
  let candidates: readonly Tree[] = [tree];
  let answered: Tree | undefined;
  const counts = { answered: 0, writtenOnly: 0, neither: 0 };
  for (let round = 0; round <= 60; round += 1) {
    const witness = runWitness(...args);
    const url = await witness.listening();
    // Which of the trees that were offered does it stand by now? Sameness is proved by its root.
    const stands: Tree[] = [];
    for (const one of candidates) {
      if ((await ask(url, one.length, one)) === 200) stands.push(one);
    }
    expect(stands).toHaveLength(1);
    if (answered) expect(stands[0]).toBe(answered);
    if (answered) counts.answered += 1;
    else if (stands[0] !== tree) counts.writtenOnly += 1;
    else if (round > 0) counts.neither += 1;
    tree = stands[0]!;

    const [one, two] = [grown(1 + (round % 3)), grown(2)];
    candidates = [tree, one, two];
    const asked = [one, two].map(async (offered) => ({
      offered,
      status: await ask(url, tree.length, offered),
    }));
    await sleep(moment(round));
    witness.child.kill('SIGKILL');
    const granted = (await Promise.all(asked)).filter(({ status }) => status === 200);
    expect(granted.length).toBeLessThanOrEqual(1);
    answered = granted[0]?.offered;
    await witness.ended;
  }
  expect(counts.answered).toBeGreaterThan(0);
}, 240_000);
