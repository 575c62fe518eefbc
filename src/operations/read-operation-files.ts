import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Problem } from '../core/errors.ts';
import { readManifest, type ReadDocuments } from './read-manifest.ts';

const mostBytes = 50_000_000;

const wrong = (where: string, what: string, mend: string): ReadDocuments => ({
  documents: [],
  problems: [{ where, what, mend }],
});

const isDocument = (path: string): boolean => /\.(graphql|gql)$/.test(path);

const readOne = (path: string, shown: string): ReadDocuments => {
  const bytes = readFileSync(path);
  const text = bytes.toString('utf8');
  // Its hash would be that of another text.
  if (!Buffer.from(text, 'utf8').equals(bytes))
    return wrong(shown, 'is no text in UTF-8', 'save it as UTF-8');
  if (!isDocument(path)) return readManifest(text, shown);
  const where = (at?: { readonly line: number; readonly column: number }): string =>
    at ? `${shown}:${at.line}:${at.column}` : `${shown}:1:1`;
  return { documents: [{ text, where }], problems: [] };
};

/** Files of documents below a folder; manifests lie among other JSON, and are named one by one. */
const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => isDocument(path) && !/(^|[\\/])(node_modules|\.[^\\/]*)[\\/]/.test(path))
    .toSorted();

const readPath = (given: string, cwd: string): readonly ReadDocuments[] => {
  const path = resolve(cwd, given);
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) {
      const files = filesIn(path);
      if (files.length === 0)
        return [
          wrong(given, 'has no `.graphql` or `.gql` file', 'name a folder of documents, or a file'),
        ];
      return files.map((file) => readOne(join(path, file), join(given, file)));
    }
    if (!/\.(graphql|gql|json)$/.test(path))
      return [wrong(given, 'is neither `.graphql`, `.gql` nor `.json`', 'name one that is')];
    if (stat.size > mostBytes) return [wrong(given, 'is larger than 50 MB', 'split it')];
    return [readOne(path, given)];
  } catch {
    return [wrong(given, 'cannot be read', 'name a file or a folder that Sayso may read')];
  }
};

/**
 * Reads the documents of files and folders: `.graphql` and `.gql` files, each one document to the last
 * byte, and `.json` manifests.
 *
 * @param paths relative to `cwd`; problems name files as they are given
 */
export const readOperationFiles = (paths: readonly string[], cwd: string): ReadDocuments => {
  const read = paths.flatMap((path) => readPath(path, cwd));
  const problems: readonly Problem[] = read.flatMap((one) => one.problems);
  return { documents: read.flatMap((one) => one.documents), problems };
};
