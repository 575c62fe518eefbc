import { readFile } from 'node:fs/promises';

/*
 * What may not be in the product's lock file, for reasons in docs/decisions/0014-planned-execution.md:
 * code generated from clients' documents, and a second copy of graphql, whose types and errors the
 * first would not know. Takes the lock file's path; reads package-lock.json without one.
 */

interface LockFile {
  /** By place; an alias says its real name itself. */
  readonly packages?: Readonly<Record<string, { readonly name?: string }>>;
}

const path = process.argv[2] ?? new URL('../package-lock.json', import.meta.url);
// A cast: npm writes the file, and what matters of it is looked for below.
const { packages } = JSON.parse(await readFile(path, 'utf8')) as LockFile;
if (!packages) throw new Error('the lock file has no `packages`: write it with npm 7 or later');

/** `node_modules/a/node_modules/@b/c` is a copy of `@b/c`. */
const placesOf = (wanted: string): readonly string[] =>
  Object.entries(packages)
    .filter(([place, { name }]) => (name ?? place.split('node_modules/').at(-1)) === wanted)
    .map(([place]) => place);

const wrong: string[] = [];
const jit = placesOf('graphql-jit');
if (jit.length > 0)
  wrong.push(`graphql-jit is in the lock file (${jit.join(', ')}): take out what needs it`);
const graphql = placesOf('graphql');
if (graphql.length !== 1)
  wrong.push(`graphql is in the lock file ${graphql.length} times, not once (${graphql.join(', ')}): align the versions`); // prettier-ignore

for (const line of wrong) process.stderr.write(`${line}\n`);
if (wrong.length > 0) process.exitCode = 1;
