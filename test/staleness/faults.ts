import { ConsentSnapshot, type LedgerView } from '../../src/ledger/consent-snapshot.ts';

/**
 * Some twenty views are asked for between a withdrawal and the next question, and as many times as
 * it takes while a grant is waited for. A count rather than a time finds as much on a slow machine.
 */
const viewsOfOneHead = 40;

/** What may be broken on purpose, in the serving processes of a run and nowhere else. */
export const faults = {
  /** The head is read now and then only; in between every request decides by the last view. */
  'no-head-check': (): void => {
    const { prototype } = ConsentSnapshot;
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the right `this` below
    const readHead = prototype.view;
    const last = new WeakMap<ConsentSnapshot, { view: Promise<LedgerView>; left: number }>();
    prototype.view = function (this: ConsentSnapshot): Promise<LedgerView> {
      const known = last.get(this);
      if (known && known.left > 0) {
        known.left -= 1;
        return known.view;
      }
      const view = readHead.call(this);
      last.set(this, { view, left: viewsOfOneHead - 1 });
      return view;
    };
  },
} as const;
export type Fault = keyof typeof faults;

/** Whether a word names a fault. */
export const isFault = (word: string): word is Fault => Object.hasOwn(faults, word);
