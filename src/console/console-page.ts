import { getAltairHtml } from 'altair-static';
import type { ConsoleFiles } from './console-files.ts';

export interface SampleQuery {
  readonly name: string;
  readonly query: string;
  /** One line: what a reader learns from running it. */
  readonly shows: string;
}

export interface PageParts {
  readonly endpoint: string;
  readonly sampleQueries: readonly SampleQuery[];
  readonly callers?: readonly { readonly name: string }[];
  readonly ideBase: string;
  readonly files: ConsoleFiles;
}

/** Altair's own page with our bar above it, as text. */
export const compileConsolePage = (parts: PageParts): string => {
  const { files, ideBase } = parts;
  return [
    ['<html>', '<html lang="en">'],
    ['<title>Altair</title>', '<title>Sayso console</title>'],
    ['<base href="/" />', `<base href="${ideBase}" />`],
    ['</head>', `  <link href="${files.style.path}" rel="stylesheet" />\n  </head>`],
    ['<app-root>', `${bar(parts)}\n    <main><app-root>`],
    ['</app-root>', `</app-root></main>\n    ${configuration(parts)}`],
    // Before Altair's scripts: it must have wrapped `fetch` when they first use it.
    [
      '<script type="module"',
      `<script type="module" src="${files.script.path}"></script>\n    <script type="module"`,
    ],
  ].reduce((page, [mark, ours]) => replaceOnce(page, mark, ours), getAltairHtml());
};

const replaceOnce = (page: string, mark = '', ours = ''): string => {
  // A newer Altair with another page must stop the start, not lose the bar.
  if (!page.includes(mark)) throw new Error(`the page of \`altair-static\` has no \`${mark}\``);
  return page.replace(mark, () => ours);
};

const bar = ({ callers }: PageParts): string => `<header class="sayso-bar">
      <h1>Sayso</h1>
      ${callers === undefined ? byHand : callerChoice(callers)}
      <p class="sayso-hint">The purpose is in the query: <code>@for(purpose: …)</code></p>
    </header>`;

const byHand =
  '<p>Type an <code>Authorization</code> header under “Set Headers”, left of the query.</p>';

const callerChoice = (callers: readonly { readonly name: string }[]): string => `<p>
        <label for="sayso-caller">Caller</label>
        <select id="sayso-caller" autocomplete="off" aria-describedby="sayso-status">
          ${callers.map(({ name }) => `<option value="${escapeHtml(name)}">${escapeHtml(name)}</option>`).join('\n          ')}
          <option value="">none, headers typed by hand</option>
        </select>
      </p>
      <p id="sayso-status" role="status"></p>`;

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** A data block, which the browser never runs; `<` is escaped so that no text in it can end it. */
const configuration = (parts: PageParts): string => {
  const json = JSON.stringify({
    endpoint: parts.endpoint,
    demo: parts.callers !== undefined,
    samples: parts.sampleQueries.map(({ name, query, shows }) => ({
      name,
      query: `# ${shows.replaceAll(/\s+/g, ' ')}\n${query.trim()}\n`,
    })),
  });
  return `<script type="application/json" id="sayso-configuration">${json.replaceAll('<', '\\u003c')}</script>`;
};
