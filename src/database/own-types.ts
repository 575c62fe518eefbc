import pg from 'pg';

type AnyType = Parameters<typeof pg.types.getTypeParser>[0];
type Parser = (text: string) => unknown;

const toNumber = (text: string): number => {
  const value = Number(text);
  // A position or count beyond 2^53 does not occur; if it did, rounding it would be worse.
  if (!Number.isSafeInteger(value))
    throw new RangeError(`the integer ${text} is too large to hold`);
  return value;
};

/**
 * How values become JavaScript on Sayso's own connections: as pg does it, but int8 as a number.
 * Per connection, because data sources use the same driver and must see int8 untouched.
 */
export const ownTypes = {
  getTypeParser: (oid: AnyType, format?: 'text' | 'binary'): unknown =>
    oid === pg.types.builtins.INT8 && format !== 'binary'
      ? toNumber
      : pg.types.getTypeParser(oid, format),
};

// Its type lists the types that pg has a name for; any number may come.
const parserOf = ownTypes.getTypeParser as (oid: number, format: 'text') => Parser;

/** @param oid PostgreSQL's number of a type */
export const ownParser = (oid: number): Parser => parserOf(oid, 'text');
