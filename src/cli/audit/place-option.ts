import { InvalidArgumentError } from 'commander';

/** Parses an option that names the place of an entry. */
export const placeOption = (text: string): number => {
  if (/^(0|[1-9][0-9]{0,14})$/.test(text)) return Number(text);
  throw new InvalidArgumentError('it is no place in a log: 0, 1, 2, …');
};
