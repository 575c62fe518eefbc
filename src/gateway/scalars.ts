import { GraphQLScalarType, type GraphQLSchema } from 'graphql';
import { GraphQLDateTimeISO, GraphQLJSON, GraphQLLocalDate, GraphQLSafeInt } from 'graphql-scalars';

const decimal = /^-?\d+(\.\d+)?$/;

const serializeDecimal = (value: unknown): string => {
  const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value;
  if (typeof text !== 'string' || !decimal.test(text)) throw new TypeError('not a decimal number');
  return text;
};

const day = /^\d{4}-\d{2}-\d{2}$/;

const serializeDate = (value: unknown): unknown => {
  // As sources give it; the library's own check costs more than the rest of the cell.
  if (typeof value === 'string' && day.test(value)) return value;
  return GraphQLLocalDate.serialize(
    value instanceof Date ? value.toISOString().slice(0, 10) : value,
  );
};

/** Gives the governance SDL's scalars their behaviour, in place. */
export const attachScalars = (schema: GraphQLSchema): void => {
  const give = (name: string, from: Partial<GraphQLScalarType>): void => {
    const scalar = schema.getType(name);
    if (scalar instanceof GraphQLScalarType) Object.assign(scalar, from);
  };
  const behaviour = ({ serialize, parseValue, parseLiteral }: GraphQLScalarType) => ({
    serialize,
    parseValue,
    parseLiteral,
  });
  give('Date', { ...behaviour(GraphQLLocalDate), serialize: serializeDate });
  give('DateTime', behaviour(GraphQLDateTimeISO));
  give('SafeInt', behaviour(GraphQLSafeInt));
  give('JSON', behaviour(GraphQLJSON));
  give('Decimal', {
    serialize: serializeDecimal,
    parseValue: serializeDecimal,
    parseLiteral: (node) => serializeDecimal('value' in node ? node.value : undefined),
  });
};
