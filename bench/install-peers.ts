import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const paths = {
  folder: at('.'),
  lock: at('package-lock.json'),
  /** Where npm puts them. */
  installed: at('node_modules'),
  /**
   * Where they lie. Beside the peers, so that they alone find them: from `bench/` they would take
   * the place of the product's own packages in its twin, and two copies of graphql know nothing of
   * each other.
   */
  packages: at('peers/node_modules'),
  /** Which lock file they were installed by. */
  mark: at('peers/node_modules/.installed-by'),
} as const;

/** Packages that npm itself was asked to put into `bench/` are moved to where the peers find them. */
export const movePeers = async (): Promise<void> => {
  if (!existsSync(paths.installed)) return;
  await rm(paths.packages, { recursive: true, force: true });
  await rename(paths.installed, paths.packages);
  const lock = await readFile(paths.lock);
  await writeFile(paths.mark, createHash('sha256').update(lock).digest('hex'));
};

/**
 * Installs what the bench compares with, unless it is there already as the lock file has it.
 * @throws when npm fails, with its last words
 */
export const installPeers = async (say: (line: string) => void): Promise<void> => {
  await movePeers();
  const wanted = createHash('sha256')
    .update(await readFile(paths.lock))
    .digest('hex');
  if ((await readFile(paths.mark, 'utf8').catch(() => '')) === wanted) return;
  say('installing the other servers: npm ci in bench/');
  try {
    await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: paths.folder,
      maxBuffer: 16 << 20,
    });
  } catch (error) {
    const words = error instanceof Error ? error.message.trim().split('\n').slice(-5) : [];
    throw new Error(
      `the other servers cannot be installed; see to npm's registry, or leave them out by --quick: ${words.join(' ')}`,
      { cause: error },
    );
  }
  await movePeers();
};
