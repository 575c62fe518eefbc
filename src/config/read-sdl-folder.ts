import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Source } from 'graphql';
import { ConfigError } from '../core/errors.ts';

/** The SDL that every deployment has. */
export const governanceSdl = fileURLToPath(new URL('../../schema/governance', import.meta.url));

/**
 * Reads every `*.graphql` file below a folder, in order of path, named as it lies relative to the
 * working directory so that messages can be clicked.
 * @throws ConfigError when the folder cannot be read or has no SDL.
 */
export const readSdlFolder = async (folder: string, cwd = process.cwd()): Promise<Source[]> => {
  const complain = (what: string, mend: string): ConfigError =>
    new ConfigError([{ where: folder, what, mend }]);
  let paths: string[];
  try {
    const entries = await readdir(folder, { recursive: true });
    paths = entries.filter((path) => /\.(graphql|gql)$/.test(path)).sort();
  } catch {
    throw complain('the SDL folder cannot be read', 'correct `SAYSO_SCHEMA` or `schema`');
  }
  if (paths.length === 0) {
    throw complain('the SDL folder has no .graphql file', 'put the SDL of your domain there');
  }
  return Promise.all(
    paths.map(async (path) => {
      const file = join(folder, path);
      const shown = relative(cwd, file);
      return new Source(await readFile(file, 'utf8'), shown.startsWith('..') ? file : shown);
    }),
  );
};
