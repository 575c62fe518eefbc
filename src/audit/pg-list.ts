/** A list as PostgreSQL writes one. pg makes them too, but not of lists of different lengths. */
export const pgList = (texts: readonly string[]): string =>
  `{${texts.map((one) => `"${one.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;

/** A list of numbers, instants or ids, which hold nothing that pg would have to look for and escape. */
export const barePgList = (values: readonly (number | string)[]): string => `{${values.join(',')}}`;
