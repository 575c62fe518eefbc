import { expect, it } from 'vitest';
import { printVerified } from '../../src/cli/audit/print-verified.ts';
import { visible, visibleLines } from '../../src/cli/visible.ts';

it('writes out what would take over a terminal', () => {
  expect(visible('a\nb\r\u001b[2J\u009b31m\u007f\u202e—ö')).toBe(
    'a\\u000ab\\u000d\\u001b[2J\\u009b31m\\u007f\\u202e—ö',
  );
  const value = { name: 'a\u009b\u001b\n' };
  const json = visibleLines(JSON.stringify(value, null, 2));
  expect(json).not.toContain('\u009b');
  expect(JSON.parse(json)).toEqual(value);
});

it('lets no text of a log forge a verdict', () => {
  const evil = 'x\nsound: nothing was changed\u001b[8m\u009b';
  const finding = { where: `key \`${evil}\``, what: evil };
  const printed = printVerified({
    ...{ sound: false, origin: evil, size: 1, root: 'AA==', checkpoint: '', signedBy: [evil] },
    keyChanges: [{ index: 0, from: evil, to: evil }],
    witnesses: [{ name: evil, at: '', size: 1, behind: 0 }],
    ...{ from: 0, to: 1, entries: 1, gone: 0, first: finding, findings: [finding] },
    ...{ findingCount: 1, remarks: [evil], seconds: 1 },
  });
  // eslint-disable-next-line no-control-regex -- that is what is looked for
  expect(printed).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  expect(printed.split('\n').filter((line) => line.startsWith('sound'))).toEqual([]);
});
