import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** What stands in a page between two fences. */
export interface Block {
  readonly page: string;
  /** Line of the opening fence. */
  readonly line: number;
  /** First word behind the fence. */
  readonly language: string;
  /** The words behind it, `name=value` or a bare `name`. */
  readonly options: ReadonlyMap<string, string>;
  readonly text: string;
  /** Of `<!-- not run: reason -->` on the line before the fence. */
  readonly notRun?: string;
}

export const pages: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(`${root}/docs`)
    // What was measured is printed by the benchmark itself.
    .filter((name) => name.endsWith('.md') && name !== 'performance.md')
    .sort()
    .map((name) => `docs/${name}`),
];

export const readPage = (page: string): string => readFileSync(`${root}/${page}`, 'utf8');

const optionsOf = (words: string): ReadonlyMap<string, string> =>
  new Map(
    [...words.matchAll(/([a-z]+)(?:=(?:"([^"]*)"|(\S+)))?/g)].map(
      ([, name = '', quoted, bare]) => [name, quoted ?? bare ?? ''] as const,
    ),
  );

/** The fenced blocks of a page, in order. A fence that is never closed is an error. */
export const readBlocks = (page: string): readonly Block[] => {
  const blocks: Block[] = [];
  const lines = readPage(page).split('\n');
  for (let i = 0; i < lines.length; i += 1) {
    const [, indent = '', fence, info = ''] = /^( *)(`{3,}|~{3,})(.*)$/.exec(lines[i] ?? '') ?? [];
    if (fence === undefined) continue;
    const end = lines.findIndex((line, at) => at > i && line.trim() === fence);
    if (end < 0) throw new Error(`${page}:${i + 1}: this fence is never closed`);
    const [language = '', ...words] = info.trim().split(' ');
    const notRun = /^<!-- not run: (.+) -->$/.exec(lines[i - 1]?.trim() ?? '')?.[1];
    const text = lines.slice(i + 1, end).map((line) => line.replace(indent, ''));
    blocks.push({
      page,
      line: i + 1,
      language,
      options: optionsOf(words.join(' ')),
      text: `${text.join('\n')}\n`,
      ...(notRun !== undefined && { notRun }),
    });
    i = end;
  }
  return blocks;
};
