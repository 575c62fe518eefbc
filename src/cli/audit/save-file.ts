import { readFile, stat, writeFile } from 'node:fs/promises';
import { ConfigError } from '../../core/errors.ts';

const refused = (option: string, does: string, error: unknown): unknown => {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  return new ConfigError([
    {
      where: option,
      what: `names a file that cannot be ${does} (${code})`,
      mend: 'name another, or see who may read and write there',
    },
  ]);
};

/** Writes a file that an option names. @throws ConfigError */
export const saveFile = async (
  option: string,
  path: string,
  bytes: Uint8Array | string,
): Promise<void> => {
  try {
    await writeFile(path, bytes, { mode: 0o600 });
  } catch (error) {
    throw refused(option, 'written', error);
  }
};

/** Reads a file that an option names. @throws ConfigError */
export const loadFile = async (option: string, path: string): Promise<Buffer> => {
  try {
    return await readFile(path);
  } catch (error) {
    throw refused(option, 'read', error);
  }
};

/** What lies at a path. */
export const kindOf = async (path: string): Promise<'file' | 'folder' | 'nothing'> => {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    return 'nothing';
  }
};
