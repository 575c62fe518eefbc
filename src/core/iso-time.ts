let lastMs = NaN;
let lastText = '';

/** As `toISOString`: several things of one moment are told of it one after the other. */
export const isoTime = (at: Date): string => {
  const ms = at.getTime();
  if (ms !== lastMs) {
    lastText = at.toISOString();
    lastMs = ms;
  }
  return lastText;
};
