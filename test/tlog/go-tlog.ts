import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const packages = '/usr/share/gocode';

/** Why Go cannot be asked here, or undefined where it can. */
export const goMissing = (): string | undefined => {
  if (spawnSync('go', ['version']).status !== 0) return 'there is no go';
  return existsSync(join(packages, 'src/golang.org/x/mod/sumdb/note'))
    ? undefined
    : 'golang-golang-x-mod-dev is not installed';
};

/** What is asked; bytes are base64. See go-checker/main.go. */
export type Question = Readonly<Record<string, unknown>> & { readonly kind: string };

export interface GoAnswer {
  readonly error?: string;
  readonly text?: string;
  readonly key?: string;
  readonly secret?: string;
  readonly hash?: string;
  readonly proof?: readonly string[];
}

/** Go's transparency log, in a folder of its own until it is closed. */
export interface Go {
  ask(questions: readonly Question[]): readonly GoAnswer[];
  close(): void;
}

/** Builds the checker. Debian's package is a source tree, so that nothing is fetched. */
export const buildGo = (): Go => {
  const folder = mkdtempSync(join(tmpdir(), 'sayso-go-'));
  const program = join(folder, 'checker');
  const env = {
    ...process.env,
    GO111MODULE: 'off',
    GOPATH: packages,
    GOFLAGS: '',
    GOCACHE: join(folder, 'cache'),
  };
  execFileSync('go', ['build', '-o', program, '.'], {
    cwd: join(import.meta.dirname, 'go-checker'),
    env,
  });
  const ask = (questions: readonly Question[]): readonly GoAnswer[] => {
    const input = questions.map((question) => `${JSON.stringify(question)}\n`).join('');
    const output = execFileSync(program, { input, maxBuffer: 2 ** 28, encoding: 'utf8' });
    const answers = output.trimEnd().split('\n');
    if (answers.length !== questions.length) throw new Error('go did not answer each question');
    return answers.map((line) => JSON.parse(line) as GoAnswer);
  };
  return { ask, close: () => rmSync(folder, { recursive: true, force: true }) };
};
