import type { Notice, NoticeContent, NoticePurpose } from '../core/notice.ts';
import type { AskAgain, ListDiff, NoticeDiff, PurposeDiff } from '../notices/diff-notices.ts';
import type { Outgrown } from '../notices/outgrown.ts';
import { formatTable } from './format-table.ts';

const indent = (text: string, by = '  '): string => text.replace(/^(?=.)/gm, by);

/** A notice in one line of `sayso notice list`, for people and for programs. */
export const summaryOf = (notice: Notice, current: boolean) => ({
  id: notice.id,
  version: notice.version,
  current,
  publishedAt: notice.publishedAt.toISOString(),
  publishedBy: notice.publishedBy,
  position: notice.position,
  purposes: notice.purposes.map(({ purpose }) => purpose),
  languages: notice.languages.map(({ language }) => language),
  contentHash: notice.contentHash,
  meaningHash: notice.meaningHash,
});

/** `sayso notice list` for people. */
export const listed = (notices: readonly ReturnType<typeof summaryOf>[]): string =>
  formatTable(
    ['NOTICE', 'VERSION', 'PUBLISHED', 'PURPOSES', 'LANGUAGES', 'CONTENT', ''],
    notices.map((one) => [
      one.id,
      String(one.version),
      `${one.publishedAt.slice(0, 16).replace('T', ' ')}Z`,
      one.purposes.join(', '),
      one.languages.join(', '),
      // Enough to tell two apart; `--json` and `show` have all of it.
      `${one.contentHash.slice(0, 19)}…`,
      one.current ? 'current' : '',
    ]),
  );

/** One line for each thing that the policy does and a notice does not tell. */
export const warned = (found: readonly Outgrown[]): string =>
  found
    .map(
      ({ notice, version, what }) =>
        `warning: the policy has outgrown this notice: ${notice} version ${version}: ${what}`,
    )
    .join('\n');

const purposeLines = (one: NoticePurpose): string =>
  [
    one.purpose,
    `  data        ${one.categories.join(', ')}`,
    `  origins     ${one.origins.join(', ')}`,
    `  recipients  ${one.recipients.length === 0 ? 'nobody else' : one.recipients.join(', ')}`,
    `  basis       ${one.bases.join(', ')}`,
    `  kept        ${one.retention ?? 'not said'}`,
  ].join('\n');

/** `sayso notice show`: what it means, then its wording in one language. */
export const shown = (
  notice: Notice,
  current: boolean,
  { language, text }: NoticeContent['languages'][number],
): string =>
  [
    `${notice.id} version ${notice.version}${current ? ', current' : ''}`,
    `published   ${notice.publishedAt.toISOString()} by ${notice.publishedBy}, position ${notice.position}`,
    `content     ${notice.contentHash}`,
    `meaning     ${notice.meaningHash}`,
    `languages   ${notice.languages.map((one) => one.language).join(', ')}`,
    '',
    notice.purposes.map(purposeLines).join('\n'),
    '',
    `[${language}] ${text.title}`,
    '',
    text.text,
    '',
    `You gain: ${text.gain}`,
    '',
    `To say no: ${text.withdraw}`,
  ].join('\n');

const changes = (what: string, { added, removed }: ListDiff): readonly string[] => [
  ...removed.map((one) => `- ${what} ${one}`),
  ...added.map((one) => `+ ${what} ${one}`),
];

const purposeChanges = (diff: PurposeDiff): readonly string[] => [
  diff.purpose,
  ...[
    ...changes('category', diff.categories),
    ...changes('origin', diff.origins),
    ...changes('recipient', diff.recipients),
    ...changes('basis', diff.bases),
    ...(diff.retention
      ? [`~ kept ${diff.retention.from ?? 'not said'} → ${diff.retention.to ?? 'not said'}`]
      : []),
  ].map((line) => `  ${line}`),
];

const kinds: Readonly<Record<NoticeDiff['kind'], string>> = {
  nothing: 'nothing changes',
  wording: 'only the wording changes',
  meaning: 'what it means changes',
};

const again = ({ purpose, categories, origins }: AskAgain): string =>
  `${purpose}: ${categories.join(', ')}${origins ? `, of origin ${origins.join(', ')}` : ''}`;

/** Whether earlier say-so still covers everything, and what it does not. */
export const consequence = ({ voids }: NoticeDiff): string =>
  voids.length === 0
    ? 'Earlier say-so still covers everything.'
    : `Earlier say-so still covers the rest. People must be asked again for:\n${indent(voids.map(again).join('\n'))}`;

/** `sayso notice diff`: what means something else, what reads otherwise, and what follows. */
export const compared = (title: string, diff: NoticeDiff): string => {
  const lines = [
    ...changes('purpose', diff.purposes),
    ...diff.changed.flatMap(purposeChanges),
    ...changes('language', diff.languages),
    ...(diff.firstLanguage
      ? [`~ first language ${diff.firstLanguage.from} → ${diff.firstLanguage.to}`]
      : []),
    ...diff.texts.flatMap(({ language, part, from, to }) => [
      `${language} ${part}`,
      indent(from, '  - '),
      indent(to, '  + '),
    ]),
  ];
  return [
    `${title}: ${kinds[diff.kind]}`,
    ...lines.map((line) => indent(line)),
    ...(diff.kind === 'nothing' ? [] : [consequence(diff)]),
  ].join('\n');
};
