import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** One file of our own part of the page. The path holds a hash, so it can be cached for good. */
export interface ConsoleFile {
  readonly path: string;
  readonly type: string;
  readonly content: string;
}

export interface ConsoleFiles {
  readonly script: ConsoleFile;
  readonly style: ConsoleFile;
}

const load = async (name: string, extension: string, type: string): Promise<ConsoleFile> => {
  const content = await readFile(
    new URL(`./browser/${name}.${extension}`, import.meta.url),
    'utf8',
  );
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  return { path: `/console/${name}-${hash}.${extension}`, type: `${type}; charset=utf-8`, content };
};

/** Reads what the browser gets from us besides Altair; written in plain JavaScript, as nothing is built. */
export const loadConsoleFiles = async (): Promise<ConsoleFiles> => ({
  script: await load('console', 'js', 'text/javascript'),
  style: await load('console', 'css', 'text/css'),
});
