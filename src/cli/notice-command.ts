import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { nearest } from '../core/did-you-mean.ts';
import { SaysoError } from '../core/errors.ts';
import type { Notice, NoticeBook } from '../core/notice.ts';
import { diffNotices } from '../notices/diff-notices.ts';
import { contentHash, meaningHash } from '../notices/notice-hash.ts';
import { outgrown } from '../notices/outgrown.ts';
import { publishContent } from '../notices/publish-content.ts';
import { readNoticeFile } from '../notices/read-notice-file.ts';
import { textIn } from '../notices/text-in.ts';
import { compared, consequence, listed, shown, summaryOf, warned } from './print-notice.ts';
import { withNotices } from './with-notices.ts';

const isId = (text: string): boolean => /^[a-z0-9][a-z0-9-]{0,63}$/.test(text);

const version = (text: string): number => {
  const number = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
  if (number > 0) return number;
  throw new InvalidArgumentError('It is no version: write a number from 1.');
};

const unknown = (what: string, mend: string): SaysoError =>
  new SaysoError(`${what}; ${mend}`, { code: 'NOTICE_UNKNOWN', status: 404 });

const versionsOf = (id: string, book: NoticeBook): readonly Notice[] => {
  const versions = book.get(id);
  if (versions) return versions;
  const ids = [...book.keys()];
  const near = nearest(id, ids);
  const asked = isId(id) ? `\`${id}\`` : 'of this id';
  throw unknown(
    `there is no notice ${asked}`,
    near !== undefined
      ? `did you mean \`${near}\`?`
      : ids.length > 0
        ? `there are ${ids.join(', ')}`
        : 'publish it with `sayso notice publish <file>`',
  );
};

/** The version asked for. @throws SaysoError where there is none */
const versionIn = (versions: readonly Notice[], number: number | undefined): Notice => {
  const found =
    number === undefined ? versions.at(-1) : versions.find((one) => one.version === number);
  if (found) return found;
  const all = `there are 1 to ${versions.at(-1)?.version ?? 0}`;
  throw unknown(`\`${versions[0]?.id ?? ''}\` has no version ${number ?? 0}`, all);
};

const readAt = (file: string, policy: Parameters<typeof readNoticeFile>[2]) =>
  readNoticeFile(resolve(file), file, policy);

const hashLines = (content: Parameters<typeof contentHash>[0]): string =>
  `  content  ${contentHash(content)}\n  meaning  ${meaningHash(content)}`;

const publishCommand = (): Command =>
  new Command('publish')
    .description('publish the notice in a file as its next version')
    .argument('<file>', 'YAML: id, purposes, languages')
    .option('--dry-run', 'say what would follow, and write nothing')
    .option('--actor <name>', 'who publishes it', 'sayso notice')
    .action(
      async (file: string, { dryRun, actor }: { readonly dryRun?: true; readonly actor: string }) =>
        withNotices(
          async ({ policy, knex, book }) => {
            const draft = readAt(file, policy);
            const { id, content } = draft;
            const current = book.get(id)?.at(-1);
            if (current?.contentHash === contentHash(content)) {
              console.log(
                `${id} version ${current.version} says this already: nothing is published`,
              );
              return;
            }
            if (dryRun) {
              const next = (current?.version ?? 0) + 1;
              console.log(`${id} version ${next} would be published\n${hashLines(content)}`);
              console.log(current ? consequence(diffNotices(current, content)) : firstTime(draft));
              return;
            }
            const { notice, diff } = await publishContent(knex, draft, actor);
            const at = `${id} version ${notice.version} is published, at position ${notice.position}`;
            console.log(`${at}\n${hashLines(notice)}`);
            console.log(diff ? consequence(diff) : firstTime(draft));
          },
          { dryRun: dryRun === true },
        ),
    );

const firstTime = ({ id, content }: ReturnType<typeof readNoticeFile>): string => {
  const purposes = content.purposes.map(({ purpose }) => purpose).join(', ');
  return `A yes to ${purposes} that is said from then on must name it: notice: {id: "${id}"}`;
};

const listCommand = (): Command =>
  new Command('list')
    .description('list all versions, and warn of what the policy does and no notice tells')
    .option('--json', 'for programs')
    .action(async ({ json }: { readonly json?: true }) =>
      withNotices(({ policy, book }) => {
        const notices = [...book.values()].flatMap((versions) =>
          versions.map((one) => summaryOf(one, one === versions.at(-1))),
        );
        const beyond = outgrown(policy, book);
        if (json) {
          console.log(JSON.stringify({ notices, outgrown: beyond }, null, 2));
          return;
        }
        console.log(
          notices.length === 0
            ? 'no notice is published; use `sayso notice publish <file>`'
            : listed(notices),
        );
        // Beside the table, so that a program that reads it is not disturbed.
        if (beyond.length > 0) console.error(warned(beyond));
      }),
    );

interface ShowOptions {
  readonly version?: number;
  readonly language?: string;
}

const showCommand = (): Command =>
  new Command('show')
    .description('print what a notice says')
    .argument('<id>', 'the notice')
    .option('--version <number>', 'the current one when left out', version)
    .option('--language <tag>', 'its first language when left out')
    .action(async (id: string, options: ShowOptions) =>
      withNotices(({ book }) => {
        const versions = versionsOf(id, book);
        const notice = versionIn(versions, options.version);
        const text = textIn(notice, options.language);
        if (!text)
          throw unknown(
            `\`${id}\` has no text in this language`,
            `there are ${notice.languages.map(({ language }) => language).join(', ')}`,
          );
        console.log(shown(notice, notice === versions.at(-1), text));
      }),
    );

interface DiffOptions {
  readonly from?: number;
  readonly to?: number;
}

const diffVersions = (id: string, { from, to }: DiffOptions, book: NoticeBook): string => {
  const versions = versionsOf(id, book);
  const later = versionIn(versions, to);
  if (from === undefined && later.version === 1)
    return `${id} has no version before ${later.version} to compare with`;
  const earlier = versionIn(versions, from ?? later.version - 1);
  const title = `${id} version ${earlier.version} → ${later.version}`;
  return compared(title, diffNotices(earlier, later));
};

const diffCommand = (): Command => {
  const command = new Command('diff')
    .description('compare two versions, or a file with the current version')
    .argument('<id or file>', 'a notice; or a file, which has a dot or a slash in its name')
    .option('--from <number>', 'the version before `--to` when left out', version)
    .option('--to <number>', 'the current one when left out', version);
  return command.action(async (which: string, options: DiffOptions) => {
    if (!isId(which) && (options.from !== undefined || options.to !== undefined))
      command.error('error: `--from` and `--to` compare versions of a notice, not a file');
    await withNotices(({ policy, book }) => {
      if (isId(which)) {
        console.log(diffVersions(which, options, book));
        return;
      }
      const draft = readAt(which, policy);
      const current = book.get(draft.id)?.at(-1);
      console.log(
        current
          ? compared(
              `${draft.id} version ${current.version} → ${which}`,
              diffNotices(current, draft.content),
            )
          : `${draft.id} is not published yet: all of it would be new\n${firstTime(draft)}`,
      );
    });
  });
};

/** `sayso notice`: what people are shown before they say yes, in versions. */
export const noticeCommand = (): Command =>
  new Command('notice')
    .description('publish what people are shown, and compare its versions')
    .addCommand(publishCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(diffCommand());
