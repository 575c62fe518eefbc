import { buildSchema, parse } from 'graphql';
import { createPlannedExecutor } from '../../../src/execution/planned-executor.ts';

/* Run by itself: executes where no text may become code, and tells of rejections nobody caught. */

let generates = true;
try {
  new Function('return 1'); // eslint-disable-line @typescript-eslint/no-implied-eval
} catch {
  generates = false;
}

let unhandled = 0;
process.on('unhandledRejection', () => (unhandled += 1));

const schema = buildSchema(`
  type Item { id: ID!, late: Int! }
  type Query { items: [Item!], numbers: [Int!], matrix: [[Int!]!], item: Item }
  type Mutation { items: [Item!], item: Item }
`);
const after = async (ticks: number): Promise<never> => {
  for (let i = 0; i < ticks; i += 1) await Promise.resolve();
  throw new Error('late');
};
const bad = (): never => {
  throw new Error('at once');
};
const rootValue = {
  // Each list fails at once, with promises before and behind what fails.
  items: () => [{ id: 1, late: after(3) }, Promise.reject(new Error('item')), { id: bad, late: after(1) }, after(2), { id: 2, late: 1 }], // prettier-ignore
  numbers: () => [after(4), after(0), null, after(1), 'x'],
  matrix: () => [[after(1)], [1, after(2), new Error('x'), after(1)], [after(3)]],
  item: () => ({ late: after(5), id: bad }),
};
const planned = createPlannedExecutor(schema);
const errors: number[] = [];
for (const text of [
  '{ items { late id } numbers matrix item { late id } }',
  '{ numbers }',
  'mutation { items { late id } item { late id } }',
]) {
  // prettier-ignore
  const document = parse(text);
  for (let n = 0; n < 2; n += 1)
    errors.push((await planned({ schema, document, rootValue })).errors?.length ?? 0);
}
await new Promise((done) => setTimeout(done, 50));
process.stdout.write(JSON.stringify({ generates, unhandled, errors }));
