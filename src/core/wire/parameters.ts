type Single = string | number | Buffer | null;

/** What is sent for a `?` of a statement. Times are sent as ISO 8601 texts. */
export type Parameter = Single | readonly Single[];

/** As it is sent: bytes, or a text that PostgreSQL reads; null is NULL. */
export type Encoded = string | Buffer | null;

const kindOf = (value: unknown): string => (value instanceof Date ? 'date' : typeof value);

/** @throws TypeError for what no statement sends: nobody would know how it is written. */
const refuse = (value: unknown): never => {
  throw new TypeError(`a value of the kind \`${kindOf(value)}\` cannot be sent to the database`);
};

/** As in an array: bytes in hexadecimal, everything else in quotes. */
const element = (value: Single): string => {
  if (typeof value === 'string')
    return `"${/["\\]/.test(value) ? value.replace(/["\\]/g, String.raw`\$&`) : value}"`;
  if (typeof value === 'number') return `"${value}"`;
  if (value === null) return 'NULL';
  return Buffer.isBuffer(value) ? String.raw`\\x${value.toString('hex')}` : refuse(value);
};

/**
 * Writes a value as pg's own queries do.
 *
 * @throws TypeError for a value of another kind
 */
export const encode = (value: Parameter): Encoded => {
  if (typeof value === 'string' || value === null) return value;
  if (typeof value === 'number') return String(value);
  if (Buffer.isBuffer(value)) return value;
  if (!Array.isArray(value)) return refuse(value);
  return `{${(value as readonly Single[]).map(element).join(',')}}`;
};
