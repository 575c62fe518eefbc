import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

const binary = fileURLToPath(new URL('../../bin/sayso.js', import.meta.url));

export interface WitnessProcess {
  readonly child: ChildProcess;
  /** All that it said, on both streams. */
  readonly said: () => string;
  readonly ended: Promise<number | NodeJS.Signals | null>;
  /** Where it listens; throws what it said when it ends before. */
  listening(): Promise<string>;
}

/** `sayso witness` as a process of its own, on a port that is free. */
export const runWitness = (...args: readonly string[]): WitnessProcess => {
  const child = spawn(process.execPath, [binary, 'witness', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  }
  let over = false;
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.on('close', (code, signal) => {
      over = true;
      resolve(code ?? signal);
    }),
  );
  onTestFinished(async () => {
    if (!over) child.kill('SIGKILL');
    await ended;
  });
  const listening = async (): Promise<string> => {
    for (;;) {
      const url = /^Witness: (http:\S+)$/m.exec(text)?.[1];
      if (url !== undefined) return url;
      if (over) throw new Error(text);
      await sleep(5);
    }
  };
  return { child, said: () => text, ended, listening };
};
