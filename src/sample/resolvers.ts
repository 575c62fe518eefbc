const bands = [18, 25, 35, 45, 55, 65] as const;

/** `25-34` for a person born that day; null when the day is not known or was withheld. */
export const ageBandOn = (today: Date, birthDate: unknown): string | null => {
  const born = birthDate instanceof Date ? birthDate : parseDay(birthDate);
  if (born === null || Number.isNaN(born.getTime())) return null;
  const hadBirthday =
    today.getUTCMonth() > born.getUTCMonth() ||
    (today.getUTCMonth() === born.getUTCMonth() && today.getUTCDate() >= born.getUTCDate());
  const age = today.getUTCFullYear() - born.getUTCFullYear() - (hadBirthday ? 0 : 1);
  const next = bands.findIndex((from) => age < from);
  if (next === 0) return 'under 18';
  if (next < 0) return '65 or over';
  return `${bands[next - 1] ?? ''}-${(bands[next] ?? 0) - 1}`;
};

const parseDay = (value: unknown): Date | null =>
  typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value)
    ? new Date(`${value}T00:00:00Z`)
    : null;

/** The sample shop's derived fields. A resolver sees released fields of its row, and nothing else. */
export const resolvers = {
  Customer: {
    ageBand: (row: Readonly<Record<string, unknown>>): string | null =>
      ageBandOn(new Date(), row['birthDate']),
  },
};
