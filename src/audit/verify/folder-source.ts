import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
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
      // A pipe would keep whoever opens it waiting.
      const flags = constants.O_RDONLY | constants.O_NONBLOCK;
      file = await open(join(folder, ...path.split('/')), flags);
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
      const stat = await file.stat();
      if (!stat.isFile())
        throw new SaysoError(`\`${path}\` of the folder is no file`, {
          code: 'AUDIT_UNREADABLE',
          status: 400,
        });
      const { size } = stat;
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

/** Origins of the logs whose tiles lie in a folder, each in folders of its own; none of what cannot be read. */
export const originsIn = async (
  folder: string,
  above: readonly string[] = [],
): Promise<readonly string[]> => {
  const inside = await readdir(join(folder, ...above), { withFileTypes: true }).catch(() => []);
  if (inside.some((one) => one.isFile() && one.name === 'checkpoint')) return [above.join('/')];
  const found: string[] = [];
  for (const one of inside)
    if (one.isDirectory()) found.push(...(await originsIn(folder, [...above, one.name])));
  return found;
};
