import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { NoticeContent } from '../core/notice.ts';

const hashOf = (value: unknown): string =>
  `sha256:${createHash('sha256')
    .update(canonicalize(value) ?? '')
    .digest('hex')}`;

/** Names all that a notice says: SHA-256 over the RFC 8785 form of its purposes and wording. */
export const contentHash = ({ purposes, languages }: NoticeContent): string =>
  hashOf({ purposes, languages });

/** Names what a notice means, however it is worded: SHA-256 over the RFC 8785 form of its purposes. */
export const meaningHash = ({ purposes }: NoticeContent): string => hashOf(purposes);
