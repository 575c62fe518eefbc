import { parsers } from 'prettier/plugins/markdown';
import { describe, expect, it } from 'vitest';
import { asCode, asLink, escapeMarkdown } from '../../src/register/escape-markdown.ts';
import { registerOf } from '../../src/register/processing-of.ts';
import { durationInWords } from '../../src/register/words.ts';
import { writeMarkdown } from '../../src/register/write-markdown.ts';
import { writeRecord } from '../../src/register/write-record.ts';
import { shop } from '../policy/sdl.ts';
import { controller, domain, small } from './sdl.ts';

const section = (page: string, title: string): string => {
  const at = page.indexOf(`## ${title}\n`);
  expect(at, title).toBeGreaterThan(0);
  const end = page.indexOf('\n## ', at);
  return page.slice(at, end < 0 ? undefined : end);
};

/** Every line of a table has as many cells as its head. */
const expectWholeTables = (page: string): void => {
  let cells: number | undefined;
  for (const line of page.split('\n')) {
    if (!line.startsWith('|')) {
      cells = undefined;
      continue;
    }
    const count = line.split('|').length;
    cells ??= count;
    expect(count, line).toBe(cells);
  }
};

describe('the privacy page', () => {
  it('says in plain words what a purpose is', () => {
    const page = writeMarkdown(registerOf(small()), controller);
    expect(section(page, 'Suggest things')).toBe(`## Suggest things

|  | \`SUGGEST\` |
| --- | --- |
| What you gain | Things that suit you |
| Why we may | Because you said yes. |
| Who else gets it | Broker, Mail House Ltd |
| How long | 1 year and 6 months |
| How to say no | Say nothing or say no; you can take a yes back at any time. What needs a yes of its own stays out until you say it. How: Write to us |
| Since | 2026-01-31 |

| Data | Fields | Where from |
| --- | --- | --- |
| Orders | \`Customer.orders\`, \`Order.total\` | you gave it, or we noticed it when you dealt with us |
| Income | \`Customer.income\` | bought, or guessed by others; needs a yes of its own |
| Taste | none today |  |
`);
    expect(section(page, 'Sell to others')).toContain('Global Privacy Control');
    expect(section(page, 'Sell to others')).toContain('In US-CA, US-CO: Because the law');
    expect(section(page, 'Care')).toContain('8 weeks');
    expect(section(page, 'Send')).toContain('We cannot do what you ordered without it.');
    expect(section(page, 'Send')).not.toContain('Write to us');
    expect(section(page, 'Held, and used for nothing')).toContain('- Shoe size\n');
    expect(page).toContain('[https&#58;//example.com/](<https://example.com/>)');
    expectWholeTables(page);
  });

  it('says what it does not know', () => {
    const page = writeMarkdown(registerOf(small()));
    expect(page).toContain('Who is responsible is not stated.');
    expect(section(page, 'Care')).toContain('| What you gain | not stated |');
    expect(section(page, 'Care')).toContain('| Who else gets it | not stated |');
    expect(page).not.toContain('undefined');
    expect(page).not.toContain('null');
  });

  it('has every purpose of the sample shop', () => {
    const register = registerOf(shop());
    for (const page of [writeMarkdown(register, controller), writeRecord(register, controller)]) {
      for (const { purpose } of register.processing) expect(page).toContain(`\`${purpose}\``);
      expectWholeTables(page);
    }
  });
});

describe('the record under Art. 30', () => {
  it('states purposes, persons, data, recipients, transfers and times', () => {
    const page = writeRecord(registerOf(small()), controller);
    expect(section(page, 'Suggest things')).toBe(`## Suggest things

|  | \`SUGGEST\` |
| --- | --- |
| Purpose (b) | Suggest things (part of PERSONAL; since 2026-01-31) |
| Legal basis | consent (Art. 6(1)(a)) |
| Categories of data subjects (c) | \`Customer\` |
| Categories of personal data (c) | Orders; Income; Taste |
| Categories of recipients (d) | Broker, Mail House Ltd |
| Transfers to third countries (e) | not stated in the schema |
| Envisaged time limits for erasure (f) | 1 year and 6 months (\`P1Y6M\`) |

| Data | Fields |
| --- | --- |
| Orders | \`Customer.orders\` from \`shop\`: given by the person or observed; \`Order.total\` from \`crm\`: given by the person or observed |
| Income | \`Customer.income\` from \`shop\`: bought or inferred elsewhere, consent that names it |
| Taste | no field today |
`);
    expect(page).toContain('| Controller | Example Ltd |');
    expect(page).toContain('| Data protection officer | A. Sample |');
    expect(page).toContain('| Places of storage | IE, the cellar |');
    expect(page).toContain('| Telephone | not stated |');
    expect(page).toContain('(g)');
    expectWholeTables(page);
  });

  it('makes nothing up', () => {
    const page = writeRecord(registerOf(small()));
    for (const row of ['Controller', 'Address', 'Contact', 'Jurisdiction', 'Representative'])
      expect(page).toContain(`| ${row} | not stated |`);
    expect(section(page, 'Nothing')).toContain('| Purpose (b) | not stated |');
    expect(section(page, 'Nothing')).toContain('| Categories of data subjects (c) | none |');
  });
});

const attacks = [
  '| a | b |',
  'one\n\ntwo\r\n# three',
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '[click](javascript:alert(1))',
  '![x](https://evil.example/x.png)',
  '](javascript:alert(1))',
  'see https://evil.example/ or www.evil.example or me@evil.example',
  '<https://evil.example/>',
  '&lt;script&gt; &#x3c;script&#x3e;',
  '`code` ``more``',
  '# heading',
  '- item',
  '1. item',
  '> quote',
  '\\| \\[x](y)',
  '---',
  '~~struck~~ **bold** _it_ $x$',
  'turned \u202e around',
];

interface Mark {
  readonly type: string;
  readonly url?: string;
  readonly value?: string;
  readonly children?: readonly Mark[];
}

/** The page as remark reads it, tables and bare addresses of GitHub's dialect included. */
const marksIn = (page: string): readonly Mark[] => {
  const flat = (mark: Mark): readonly Mark[] => [mark, ...(mark.children ?? []).flatMap(flat)];
  const parse = parsers.markdown.parse as (text: string, options: object) => Mark;
  return flat(parse(page, {}));
};

it('would be seen by the reader of Markdown, did it work', () => {
  const kinds = marksIn(attacks.join('\n\n')).map(({ type }) => type);
  for (const kind of ['link', 'image', 'html', 'heading', 'list', 'blockquote', 'strong', 'delete'])
    expect(kinds).toContain(kind);
});

describe('text of the SDL is shown as it is', () => {
  it.each(attacks)('%j', (text) => {
    const escaped = escapeMarkdown(text);
    expect(escaped).not.toMatch(/[\n\r<>|\u202e]/);
    const marks = marksIn(`before ${escaped} after`);
    const kinds = new Set(marks.map(({ type }) => type));
    for (const kind of ['root', 'paragraph', 'sentence', 'word', 'whitespace', 'text'])
      kinds.delete(kind);
    expect([...kinds]).toEqual([]);
    // Nothing begins at the start of a line either.
    expect(
      marksIn(escaped)
        .map(({ type }) => type)
        .slice(0, 2),
    ).toEqual(['root', 'paragraph']);
  });

  it.each(attacks)('wherever it stands: %j', (text) => {
    const quoted = JSON.stringify(text.replaceAll('\u202e', ''));
    const register = registerOf(
      domain(`
enum Category { ${quoted} EMAIL @category(dpv: ${quoted}) ${quoted} HELD @category }
enum Purpose {
  ${quoted}
  NEWS @purpose(covers: [EMAIL], gain: ${quoted}, recipients: [${quoted}], deprecated: ${quoted})
}
type Customer @table(source: "shop", name: "customer") @subject(id: "id") {
  id: ID! @open(because: "a number")
  email: String @shield(category: EMAIL)
  held: String @shield(category: HELD)
}`),
    );
    const hostile = { ...controller, name: text, withdrawal: text, storageLocations: [text] };
    for (const write of [writeMarkdown, writeRecord]) {
      const page = write(register, hostile);
      expectWholeTables(page);
      const marks = marksIn(page);
      const links = marks.filter(({ type }) => type === 'link').map(({ url }) => url);
      expect(links.filter((url) => !url?.startsWith('https://example.com/'))).toEqual([]);
      const wrong = ['html', 'image', 'linkReference', 'emphasis', 'strong', 'delete', 'break'];
      expect(marks.filter(({ type }) => wrong.includes(type))).toEqual([]);
      // As many headings as without anybody's text.
      const headings = marks.filter(({ type }) => type === 'heading').length;
      expect(headings).toBe(write === writeMarkdown ? 3 : 4);
    }
  });

  it('leaves plain text alone', () => {
    const plain = 'Street and postcode: a way to reach somebody, "it" (and 2 more) – 50 %';
    expect(escapeMarkdown(plain)).toBe(plain);
  });
});

it('links only to the web, and the target ends where it should', () => {
  expect(asLink('https://example.com/a_(b)')).toBe(
    '[https&#58;//example.com/a\\_(b)](<https://example.com/a%5F%28b%29>)',
  );
  expect(asLink('javascript:alert(1)')).toBe('javascript:alert(1)');
  expect(asCode('a`b')).toBe('a\\`b');
});

it.each([
  ['P2Y', '2 years'],
  ['P1Y6M', '1 year and 6 months'],
  ['P1Y2M3D', '1 year, 2 months and 3 days'],
  ['P8W', '8 weeks'],
  ['PT12H', '12 hours'],
  ['P1DT1M', '1 day and 1 minute'],
])('%s is %s', (duration, words) => {
  expect(durationInWords(duration)).toBe(words);
});
