/** Marks that turn text around in a line, so that it reads as something else. */
const turning = /[\u202a-\u202e\u2066-\u2069\u200e\u200f]/gu;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  // Ends a cell of a table in every dialect, even behind a backslash in some.
  '|': '&#124;',
};

/**
 * One line of text that CommonMark and GitHub's dialect show as it is: no markup, no HTML, no link
 * (addresses in plain sight included), no end of a table's cell.
 */
export const escapeMarkdown = (text: string): string =>
  text
    .replace(turning, '')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .replace(/[&<>|]/g, (one) => entities[one] ?? '')
    .replace(/[\\`*_[\]#~$!]/g, '\\$&')
    // GitHub links addresses that nobody marked as such.
    .replace(/:(?=\/\/)/g, '&#58;')
    .replace(/@/g, '&#64;')
    .replace(/\b(www)\./gi, '$1&#46;')
    // What would begin a list or underline a heading.
    .replace(/^([-+=])/, '\\$1')
    .replace(/^(\d+)([.)])/, '$1\\$2');

/** A name of GraphQL or a coordinate, as code. Such names hold nothing that could end it. */
export const asCode = (name: string): string =>
  /^[\w.:-]+$/.test(name) ? `\`${name}\`` : escapeMarkdown(name);

/** A link to an address of the configuration, which has been checked to be http or https. */
export const asLink = (address: string): string => {
  if (!URL.canParse(address)) return escapeMarkdown(address);
  const { href, protocol } = new URL(address);
  if (protocol !== 'https:' && protocol !== 'http:') return escapeMarkdown(address);
  const target = href.replace(/[()<>|\\`*_[\]~!$]/g, (one) => `%${hex(one)}`);
  return `[${escapeMarkdown(address)}](<${target}>)`;
};

const hex = (one: string): string => one.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0');

/** A table of two columns; both are Markdown already. */
export const twoColumns = (
  head: readonly [string, string],
  rows: readonly (readonly [string, string])[],
): string =>
  [head, ['---', '---'], ...rows]
    .map(([left = '', right = '']) => `| ${left} | ${right} |`)
    .join('\n');
