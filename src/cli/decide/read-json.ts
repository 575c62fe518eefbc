import { readFile } from 'node:fs/promises';
import { DecideError } from './decide-error.ts';

/** @throws DecideError */
export const readText = async (file: string): Promise<string> =>
  readFile(file, 'utf8').catch(() => {
    throw new DecideError([
      { where: file, what: 'the file cannot be read', mend: 'correct its name' },
    ]);
  });

/** @throws DecideError */
export const parseJson = (text: string, where: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new DecideError([{ where, what: 'it is no JSON', mend: 'correct it' }]);
  }
};
