import type { Knex } from 'knex';
import type { Notice } from '../core/notice.ts';
import { publishNotice, readNotices } from '../ledger/notice-store.ts';
import { diffNotices, type NoticeDiff } from './diff-notices.ts';
import { contentHash, meaningHash } from './notice-hash.ts';
import type { NoticeFile } from './read-notice-file.ts';

/** What became of publishing. */
export interface Publication {
  /** The version that says this now. */
  readonly notice: Notice;
  /** False where the current version said the very same before. */
  readonly isNew: boolean;
  /** Against the version before; absent for the first. */
  readonly diff?: NoticeDiff;
}

/** Publishes a notice as its next version, unless the current one says the very same. */
export const publishContent = async (
  knex: Knex,
  { id, content }: NoticeFile,
  publishedBy: string,
): Promise<Publication> => {
  const hashes = { contentHash: contentHash(content), meaningHash: meaningHash(content) };
  const published = await publishNotice(knex, { id, content, ...hashes, publishedBy });
  // Read afterwards: only then is it sure which version came before.
  const versions = (await readNotices(knex)).get(id) ?? [];
  const at = versions.findLastIndex((one) =>
    published === undefined ? one.contentHash === hashes.contentHash : one.version === published,
  );
  const notice = versions[at];
  if (!notice) throw new Error(`the notice ${id} was published and is not there`);
  const before = versions[at - 1];
  return {
    notice,
    isNew: published !== undefined,
    ...(before && { diff: diffNotices(before, notice) }),
  };
};
