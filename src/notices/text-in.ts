import type { NoticeContent } from '../core/notice.ts';

const canonical = (tag: string): string | undefined => {
  try {
    return Intl.getCanonicalLocales(tag)[0];
  } catch {
    return undefined;
  }
};

/**
 * The wording in a language, or in the next wider one that there is (`de` for `de-AT`, RFC 4647
 * "lookup"); the first one where no language is asked for.
 */
export const textIn = (
  { languages }: NoticeContent,
  wanted?: string,
): NoticeContent['languages'][number] | undefined => {
  if (wanted === undefined) return languages[0];
  const subtags = canonical(wanted.slice(0, 64))?.split('-') ?? [];
  for (let length = subtags.length; length > 0; length -= 1) {
    const tag = subtags.slice(0, length).join('-');
    const found = languages.find(({ language }) => language === tag);
    if (found) return found;
  }
  return undefined;
};
