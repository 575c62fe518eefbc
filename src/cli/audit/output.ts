import { open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { ConfigError } from '../../core/errors.ts';

/** Thrown when whoever reads standard output has stopped: there is nothing left to do. */
export const closedOutput = new Error('standard output is closed');

/** Where a command writes to. It waits for whoever reads. */
export interface Output {
  write(text: string): Promise<void>;
  /** All was written. */
  finish(): Promise<void>;
  /** It ends early: what was written is no whole. */
  abandon(): Promise<void>;
}

/** Texts are gathered to pieces of this many characters. */
const pieceLength = 64 * 1024;

const gathering = (send: (text: string) => Promise<void>) => {
  let waiting: string[] = [];
  let length = 0;
  const flush = async (): Promise<void> => {
    if (length === 0) return;
    const text = waiting.join('');
    waiting = [];
    length = 0;
    await send(text);
  };
  return {
    flush,
    write: async (text: string): Promise<void> => {
      waiting.push(text);
      length += text.length;
      if (length >= pieceLength) await flush();
    },
  };
};

const send = (text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (!error) resolve();
      else reject((error as NodeJS.ErrnoException).code === 'EPIPE' ? closedOutput : error);
    });
  });

/** Standard output. */
export const standardOutput = (): Output => {
  // What `write` is told of is also an event, which nobody else handles.
  process.stdout.on('error', () => undefined);
  const { write, flush } = gathering(send);
  return { write, finish: flush, abandon: () => Promise.resolve() };
};

const refused = (error: unknown): unknown => {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  return new ConfigError([
    {
      where: '--out',
      what: `names a file that cannot be written (${code})`,
      mend: 'name a file in a folder that is there, may be written to, and has room',
    },
  ]);
};

/** A file that bears its name only when it is whole; until then there is `.part` behind it. */
export const fileOutput = async (path: string): Promise<Output> => {
  const partial = `${path}.part`;
  let file: FileHandle;
  try {
    file = await open(partial, 'w', 0o600);
  } catch (error) {
    throw refused(error);
  }
  const { write, flush } = gathering(async (text) => {
    try {
      await file.writeFile(text);
    } catch (error) {
      throw refused(error);
    }
  });
  return {
    write,
    finish: async () => {
      await flush();
      try {
        await file.sync();
        await file.close();
        await rename(partial, path);
      } catch (error) {
        throw refused(error);
      }
    },
    abandon: async () => {
      await file.close().catch(() => undefined);
      await unlink(partial).catch(() => undefined);
    },
  };
};

/** Writes to a file, or to standard output; a part of it is not left as if it were the whole. */
export const writing = async (
  path: string | undefined,
  use: (output: Output) => Promise<void>,
): Promise<void> => {
  const output = path === undefined ? standardOutput() : await fileOutput(path);
  try {
    await use(output);
    await output.finish();
  } catch (error) {
    await output.abandon();
    throw error;
  }
};
