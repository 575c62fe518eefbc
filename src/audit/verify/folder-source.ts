import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { SaysoError } from '../../core/errors.ts';
import type { LogSource } from './log-source.ts';
import { staticSource, type ReadResource } from './static-source.ts';

/** Reads files below a folder. */
export const readFrom =
  (folder: string): ReadResource =>
  async (path, mostBytes) => {
    let file;
    try {
      file = await open(join(folder, ...path.split('/')));
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw new SaysoError(
        `\`${path}\` of the folder cannot be read (${code ?? 'unknown'})`,
        { code: 'AUDIT_UNREADABLE', status: 400 },
        { cause: error },
      );
    }
    try {
      const { size } = await file.stat();
      if (size <= mostBytes) return await file.readFile();
      throw new SaysoError(`\`${path}\` has ${size} bytes, at most ${mostBytes} can be right`, {
        code: 'AUDIT_UNREADABLE',
        status: 400,
      });
    } finally {
      await file.close();
    }
  };

/** A log in a folder of its own, as `sayso audit tiles` writes it. */
export const folderSource = (folder: string): LogSource =>
  staticSource(`the folder \`${folder}\``, readFrom(folder));
