let second = NaN;
/** `2026-03-04T05:06:07.` */
let prefix = '';

/** As `toISOString`, which asks for the time zone each time; things of one second begin alike. */
export const isoTime = (at: Date): string => {
  const ms = at.getTime();
  const whole = Math.floor(ms / 1_000);
  if (whole !== second) {
    // Of no time it throws, as it would.
    prefix = at.toISOString().slice(0, -4);
    second = whole;
  }
  const rest = ms - 1_000 * whole;
  if (rest >= 100) return `${prefix}${rest}Z`;
  return rest >= 10 ? `${prefix}0${rest}Z` : `${prefix}00${rest}Z`;
};
