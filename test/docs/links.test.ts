import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, pages, readPage } from './read-blocks.ts';

/** Without fenced blocks, in which brackets mean something else. */
const prose = (page: string): string => readPage(page).replace(/^(`{3,})[\s\S]*?^\1$/gm, '');

/** As GitHub makes them of headings. */
const anchorsOf = (page: string): readonly string[] =>
  [...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

const linksOf = (page: string): readonly string[] =>
  [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);

const brokenIn = (page: string): readonly string[] =>
  linksOf(page).filter((link) => {
    if (/^https?:/.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : normalize(join(dirname(page), path));
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && !anchorsOf(target).includes(anchor);
  });

const settings = [
  'PORT',
  'DATABASE_URL',
  'SAYSO_DATA',
  'SAYSO_CONFIG',
  'SAYSO_SCHEMA',
  'SAYSO_LOG',
  'SAYSO_SUBJECT_KEY',
  'SAYSO_SHADOW',
  'SAYSO_WORKERS',
];

describe.each([...pages, 'CHANGELOG.md'])('%s', (page) => {
  it('has only links that lead somewhere', () => {
    expect(brokenIn(page)).toEqual([]);
  });

  it('names only settings that exist', () => {
    // `SAYSO_TEST_DATA` is read by tests.
    const named = readPage(page).match(/\bSAYSO_[A-Z_]+\b/g) ?? [];
    const unknown = named.filter((name) => ![...settings, 'SAYSO_TEST_DATA'].includes(name));
    expect(unknown).toEqual([]);
  });

  it('is no longer than a reader’s patience', () => {
    expect(readPage(page).split('\n').length).toBeLessThanOrEqual(250);
  });
});
