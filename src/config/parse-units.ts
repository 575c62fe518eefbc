const durations: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

// SI and IEC 80000-13: `kB` is 1,000 bytes, `KiB` is 1,024.
const sizes: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1000,
  mb: 1_000_000,
  kib: 1024,
  mib: 1_048_576,
};

const measured = (
  value: unknown,
  units: Readonly<Record<string, number>>,
  fold: (unit: string) => string,
): number | undefined => {
  const parts =
    typeof value === 'string' ? /^(\d{1,12}(?:\.\d{1,3})?) ?([A-Za-z]{1,3})$/.exec(value) : null;
  const unit = parts?.[2] && fold(parts[2]);
  if (!parts || !unit || !Object.hasOwn(units, unit)) return undefined;
  const amount = Number(parts[1]) * (units[unit] ?? NaN);
  return Number.isInteger(amount) ? amount : undefined;
};

/**
 * Milliseconds of `500ms`, `5s`, `2m` or `1h`; `undefined` for anything else. A bare number has no
 * unit and is refused, except 0.
 */
export const parseDuration = (value: unknown): number | undefined =>
  value === 0 || value === '0' ? 0 : measured(value, durations, (unit) => unit);

/** Months of `18 months` or `3 years`; `undefined` for anything else. */
export const parseMonths = (value: unknown): number | undefined => {
  const parts =
    typeof value === 'string' ? /^(\d{1,4}) ?(month|months|year|years)$/.exec(value) : null;
  if (!parts) return undefined;
  return Number(parts[1]) * (parts[2]?.startsWith('year') ? 12 : 1);
};

/** Bytes of `256kB`, `1MB`, `1MiB`, `512B` or a bare whole number; `undefined` for anything else. */
export const parseSize = (value: unknown): number | undefined => {
  if (Number.isSafeInteger(value)) return value as number; // just shown to be a number
  return measured(value, sizes, (unit) => unit.toLowerCase());
};

/** A whole number, also as its digits: `${NAME}` can only bring a string. */
export const parseWhole = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number) ? (number as number) : undefined; // just shown to be a number
};
