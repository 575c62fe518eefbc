import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { loadsTypescript } from '../loads-typescript.ts';
import type { ReadFigures } from './measure-reads.ts';
import type { WriteFigures } from './measure-writes.ts';

/** What one part of the run is told. */
export interface LedgerJob {
  readonly connection: pg.ClientConfig;
  readonly subjects: number;
}

/** What the processes measure. */
export interface Figures {
  readonly reads: ReadFigures;
  readonly writes: WriteFigures;
}

/** What a process says: where it is, then what it found. */
export type Said<K extends keyof Figures = keyof Figures> =
  { readonly line: string } | { readonly figures: Figures[K] } | { readonly failed: string };

/**
 * Measures one part in a process of its own, whose memory holds nothing else.
 * @throws when it fails or the run is broken off
 */
export const measureApart = <K extends keyof Figures>(
  part: K,
  job: LedgerJob,
  { signal, say }: { readonly signal: AbortSignal; readonly say: (line: string) => void },
): Promise<Figures[K]> => {
  const child = fork(fileURLToPath(new URL('measure.ts', import.meta.url)), [part], {
    execArgv: ['--expose-gc', ...loadsTypescript],
    // Nothing from outside decides what is measured.
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TMPDIR: process.env['TMPDIR'] },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
    signal,
    killSignal: 'SIGKILL',
  });
  return new Promise((resolve, reject) => {
    let found: Figures[K] | undefined;
    child.on('error', (error) => reject(signal.aborted ? (signal.reason as Error) : error));
    child.on('message', (said: Said<K>) => {
      if ('line' in said) say(said.line);
      else if ('failed' in said) reject(new Error(said.failed));
      else found = said.figures;
    });
    // Only then is its memory free for the next.
    child.on('exit', () => {
      if (found === undefined) reject(new Error('a measuring process ended'));
      else resolve(found);
    });
    child.send(job);
  });
};
