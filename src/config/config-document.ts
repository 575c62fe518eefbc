import {
  LineCounter,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  parseDocument,
  visit,
  type Document,
  type ErrorCode,
  type Node,
} from 'yaml';
import type { Problem } from '../core/errors.ts';

/** Keys and list positions from the top of a file down to one value. */
export type KeyPath = readonly (string | number)[];

/** A file's content as plain data, and where in the file each part stands. */
export interface ConfigDocument {
  readonly raw: unknown;
  /** Wrong so far: syntax, and `${NAME}` without a value. Paths tell what not to judge again. */
  readonly found: readonly (Problem & { readonly path: KeyPath })[];
  /** `file:line:column key.path` of a value, or of the nearest thing above it that is there. */
  readonly where: (path: KeyPath, at?: 'key' | 'value') => string;
}

// The parser's own messages quote the source, where a password may stand; ours do not.
const syntax: Partial<Record<ErrorCode, string>> = {
  BAD_INDENT: 'is indented in a way that fits nothing above',
  DUPLICATE_KEY: 'is a key that was there before',
  MISSING_CHAR: 'lacks a quote, bracket, comma or colon near here',
  MULTIPLE_DOCS: 'starts a second document',
  TAB_AS_INDENT: 'is indented by a tab',
};

// A key that is no plain name may be a value in the wrong place, so it is not shown.
const show = (part: string | number): string =>
  /^[A-Za-z0-9_-]{1,40}$/.test(String(part)) ? String(part) : '(not a name)';

const keyOf = (key: unknown): string => String(isScalar(key) ? key.value : key);

const find = (doc: Document.Parsed, path: KeyPath, at: 'key' | 'value'): Node | null => {
  let node: Node | null = doc.contents;
  for (const [index, part] of path.entries()) {
    const here: Node | undefined = isAlias(node) ? node.resolve(doc) : (node ?? undefined);
    let next: unknown;
    if (isMap(here)) {
      const pair = here.items.find(({ key }) => keyOf(key) === part);
      const wantsKey = at === 'key' && index === path.length - 1;
      next = wantsKey ? pair?.key : (pair?.value ?? pair?.key);
    } else if (isSeq(here)) {
      next = here.items[Number(part)];
    }
    if (!next) return node;
    node = next as Node; // parsed documents hold nodes only
  }
  return node;
};

const pathTo = (key: unknown, ancestors: readonly unknown[]): KeyPath => {
  const path: (string | number)[] = [];
  for (const [index, one] of ancestors.entries()) {
    const below = ancestors[index + 1];
    if (isPair(one)) path.push(keyOf(one.key));
    else if (isSeq(one)) path.push(below === undefined ? Number(key) : one.items.indexOf(below));
  }
  return path;
};

const unset = (name: string) => ({
  what: `needs the environment variable \`${name}\`, which is not set`,
  mend: `set \`${name}\`, or write the value here`,
});
const notAName = {
  what: 'has `${` without the name of an environment variable and `}`',
  mend: 'write `${NAME}`, or `$${` for the characters themselves',
};

/** Puts the environment's values for `${NAME}` into string values; `$${` stands for `${`. */
const fill = (doc: Document.Parsed, env: NodeJS.ProcessEnv) => {
  const bad: { path: KeyPath; what: string; mend: string }[] = [];
  visit(doc, {
    Scalar: (key, node, ancestors) => {
      if (key === 'key' || typeof node.value !== 'string') return;
      node.value = node.value.replace(/(\$?)\$\{([^}]*)(\}?)/g, (...match: string[]) => {
        const [all = '', escape, name = '', end] = match;
        if (escape) return all.slice(1);
        const isName = Boolean(end) && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
        const value = isName ? env[name] : undefined;
        if (typeof value === 'string' && value !== '') return value;
        bad.push({ path: pathTo(key, ancestors), ...(isName ? unset(name) : notAName) });
        return '';
      });
    },
  });
  return bad;
};

/**
 * Reads YAML 1.2 (and so JSON), replaces `${NAME}` from the environment where one is given, and keeps
 * the places of all keys and values. Never throws: what is wrong is in `found`, without quoting the
 * file.
 */
export const readConfigDocument = (
  source: string,
  file: string,
  env?: NodeJS.ProcessEnv,
): ConfigDocument => {
  const lineCounter = new LineCounter();
  const doc = parseDocument(source, { lineCounter, prettyErrors: false });
  const at = (offset: number, path: KeyPath = []): string => {
    const { line, col } = lineCounter.linePos(offset);
    return `${file}:${line}:${col}${path.length === 0 ? '' : ` ${path.map(show).join('.')}`}`;
  };
  const where: ConfigDocument['where'] = (path, part = 'value') =>
    at(find(doc, path, part)?.range?.[0] ?? 0, path);
  const broken = (place: string, what: string): ConfigDocument => {
    const mend = 'write plain YAML 1.2 or JSON, one document, each key once';
    return { raw: undefined, found: [{ path: [], where: place, what, mend }], where };
  };
  const [first] = doc.errors;
  if (first) return broken(at(first.pos[0]), syntax[first.code] ?? 'is not valid YAML');
  const found = (env ? fill(doc, env) : []).map((one) => ({ ...one, where: where(one.path) }));
  try {
    // The limit stops a small file from growing without end by aliases of aliases.
    return { raw: doc.toJS({ maxAliasCount: 100 }) ?? {}, found, where };
  } catch {
    return broken(at(0), 'has an alias that leads nowhere, in a circle, or to too much');
  }
};
