const shown = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * A line that strangers had a part in, as one may print it: a new line, `ESC`, a control character of
 * either kind or one that turns the direction of writing is written out as `\u001b`.
 */
export const visible = (text: string): string =>
  // eslint-disable-next-line no-control-regex -- that is what is meant
  text.replace(/[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, shown);

/** Several lines. JSON stays what it was. */
export const visibleLines = (text: string): string => text.split('\n').map(visible).join('\n');
