import fs from 'node:fs';
import { vi } from 'vitest';

/** Everything that this process writes to its terminal from now on, by whichever way. */
export const captureOutput = (): { readonly text: () => string; readonly stop: () => void } => {
  const lines: string[] = [];
  const keep = (chunk: unknown): void => {
    lines.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString());
  };
  const write = fs.writeSync.bind(fs);
  // pino writes by the file's number.
  const files = vi
    .spyOn(fs, 'writeSync')
    .mockImplementation((fd: number, chunk: string | Uint8Array, ...rest: unknown[]) => {
      if (fd !== 1 && fd !== 2) return write(fd, chunk as string, ...(rest as []));
      keep(chunk);
      return Buffer.byteLength(chunk);
    });
  const streams = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation((chunk: unknown) => {
      keep(chunk);
      return true;
    }),
  );
  return {
    text: () => lines.join(''),
    stop: () => {
      for (const spy of [files, ...streams]) spy.mockRestore();
    },
  };
};
