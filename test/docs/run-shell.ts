import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './read-blocks.ts';

const run = promisify(execFile);

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
}

const own = new Set(['ci', 'start', 'test']);

/** Commands that set up or run for long are not run: they only have to exist. */
const unknownNpm = (line: string): boolean => {
  const [, command = '', script = ''] = /\bnpm (\S+)(?: (\S+))?/.exec(line) ?? [];
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
  if (command === 'ci') return !existsSync(join(root, 'package-lock.json'));
  if (command === 'run') return !Object.hasOwn(scripts, script);
  return !own.has(command) || !Object.hasOwn(scripts, command);
};

const isNpm = (line: string): boolean => /^(?:[A-Z_]+=\S+ )*npm /.test(line);

export interface Shell {
  /** Where files lie that a page shows and commands read. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** What a page's `http://127.0.0.1:4000` is here. */
  readonly url: string;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a block as a reader would type it, with the variables that earlier blocks of the page left.
 * `npx sayso` is the same program without npx's own start-up time, and without its search for the
 * package, because the folder is not the project's.
 */
export const runShell = async (text: string, { folder, env, url }: Shell): Promise<Ran> => {
  const lines = text.replaceAll('\\\n', ' ').split('\n');
  const missing = lines.filter((line) => isNpm(line) && unknownNpm(line));
  if (missing.length > 0)
    return { code: 127, stdout: '', stderr: `no such npm script: ${missing.join('; ')}` };
  const kept = text.split('\n').filter((line) => !isNpm(line));
  if (kept.every((line) => line.trim() === '')) return { code: 0, stdout: '', stderr: '' };
  const state = join(folder, 'state.sh');
  if (!existsSync(state)) writeFileSync(state, '');
  const script = `
    npx() {
      if [ "$1" != sayso ]; then echo "npx $1: not sayso" >&2; return 127; fi
      shift; '${process.execPath}' '${join(root, 'bin/sayso.js')}' "$@"
    }
    set -euo pipefail
    source '${state}'
    ${kept.join('\n').replaceAll('http://127.0.0.1:4000', url)}
    declare -p | grep -E '^declare -- [A-Z]+=' > '${state}' || true
  `;
  try {
    const { stdout, stderr } = await run('bash', ['-c', script], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
    return { code: typeof code === 'number' ? code : 1, stdout, stderr };
  }
};
