import { describe, expect, it } from 'vitest';
import { shareWhileBusy } from '../../src/core/share-while-busy.ts';

/** A run that ends when told to, and remembers what it was given. */
const controlled = () => {
  const runs: { items: readonly number[]; end: (error?: Error) => void }[] = [];
  const share = shareWhileBusy(
    (items: readonly number[]) =>
      new Promise<string>((resolve, reject) => {
        const name = `run ${runs.length + 1}`;
        runs.push({ items, end: (error) => (error ? reject(error) : resolve(name)) });
      }),
  );
  return { runs, share };
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('shareWhileBusy', () => {
  it('runs once for all who ask in one turn', async () => {
    const { runs, share } = controlled();
    const asked = [share(1), share(2), Promise.resolve().then(() => share(3))];
    await turn();
    runs[0]?.end();
    await turn();
    runs[1]?.end();
    expect(await Promise.all(asked.slice(0, 2))).toEqual(['run 1', 'run 1']);
    expect(runs[0]?.items.slice(0, 2)).toEqual([1, 2]);
  });

  it('begins when it is told to, also after a run, with all who have come until then', async () => {
    const begins: (() => void)[] = [];
    const ends: (() => void)[] = [];
    const seen: (readonly number[])[] = [];
    const share = shareWhileBusy(
      (items: readonly number[]) => {
        seen.push([...items]);
        return new Promise<void>((resolve) => ends.push(resolve));
      },
      (begin) => begins.push(begin),
    );
    const all = [share(1)];
    await turn();
    all.push(share(2));
    expect(seen).toEqual([]);
    expect(begins).toHaveLength(1);
    begins[0]?.();
    await turn();
    all.push(share(3));
    ends[0]?.();
    await turn();
    all.push(share(4));
    expect(begins).toHaveLength(2);
    begins[1]?.();
    await turn();
    ends[1]?.();
    await Promise.all(all);
    expect(seen).toEqual([
      [1, 2],
      [3, 4],
    ]);
    // Nobody waits: nothing is begun.
    expect(begins).toHaveLength(2);
  });

  it('gives whoever asks during a run the result of a later one', async () => {
    const { runs, share } = controlled();
    const first = share(1);
    await turn();
    const second = share(2);
    const third = share(3);
    await turn();
    expect(runs).toHaveLength(1);
    runs[0]?.end();
    expect(await first).toBe('run 1');
    await turn();
    expect(runs.map(({ items }) => items)).toEqual([[1], [2, 3]]);
    runs[1]?.end();
    expect(await Promise.all([second, third])).toEqual(['run 2', 'run 2']);
  });

  it('goes on after a failure, which only those hear of who were in it', async () => {
    const unhandled: unknown[] = [];
    const listen = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', listen);
    const { runs, share } = controlled();
    const failing = [share(1), share(2)].map((promise) =>
      expect(promise).rejects.toThrow('broken'),
    );
    await turn();
    const next = share(3);
    runs[0]?.end(new Error('broken'));
    await Promise.all(failing);
    await turn();
    runs[1]?.end();
    expect(await next).toBe('run 2');
    await turn();
    process.off('unhandledRejection', listen);
    expect(unhandled).toEqual([]);
  });

  it('goes on when the work throws before it becomes a promise', async () => {
    let calls = 0;
    const share = shareWhileBusy((): Promise<number> => {
      calls += 1;
      if (calls === 1) throw new Error('at once');
      return Promise.resolve(calls);
    });
    await expect(share(undefined)).rejects.toThrow('at once');
    await expect(share(undefined)).resolves.toBe(2);
  });

  it('never runs two at once, and never leaves anybody waiting', async () => {
    let running = 0;
    let most = 0;
    let begun = 0;
    const share = shareWhileBusy(async (items: readonly number[]) => {
      begun += 1;
      running += 1;
      most = Math.max(most, running);
      const mine = begun;
      await (items.length % 2 ? turn() : Promise.resolve());
      running -= 1;
      if (items.length % 5 === 0) throw new Error('now and then');
      return mine;
    });
    const asked = [];
    for (let i = 0; i < 500; i += 1) {
      const before = begun;
      asked.push(
        share(i).then(
          (run) => expect(run).toBeGreaterThan(before),
          () => undefined,
        ),
      );
      if (i % 3 === 0) await Promise.resolve();
      if (i % 7 === 0) await turn();
    }
    await Promise.all(asked);
    expect(most).toBe(1);
  });
});
