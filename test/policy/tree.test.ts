import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildTree } from '../../src/policy/tree.ts';

const build = (parents: Readonly<Record<string, readonly string[]>>) =>
  buildTree(new Map(Object.entries(parents)));

describe('a tree of names', () => {
  it('gives the leaves below each name, in the order they were written', () => {
    const { tree, faults } = build({ A: [], C: ['A'], B: ['A'], D: ['B'] });
    expect(faults).toEqual([]);
    expect(tree.names).toEqual(['A', 'C', 'B', 'D']);
    expect(tree.leaves).toEqual(['C', 'D']);
    expect(tree.leavesOf('A')).toEqual(['C', 'D']);
    expect(tree.leavesOf('B')).toEqual(['D']);
    expect(tree.leavesOf('D')).toEqual(['D']);
  });

  it('counts a leaf under two names for both, and once above them', () => {
    const { tree } = build({ TOP: [], A: ['TOP'], B: ['TOP'], LEAF: ['A', 'B', 'A'] });
    expect(tree.leavesOf('A')).toEqual(['LEAF']);
    expect(tree.leavesOf('TOP')).toEqual(['LEAF']);
  });

  it('tells an unknown name from a known one', () => {
    const { tree } = build({ A: [] });
    expect([tree.has('A'), tree.has('toString')]).toEqual([true, false]);
    expect(() => tree.leavesOf('toString')).toThrow('the tree has no `toString`');
  });

  it('reports every circle and every unknown parent', () => {
    const { faults } = build({ A: ['B'], B: ['A'], C: ['C'], D: ['E', 'A'] });
    expect(faults).toEqual([
      { kind: 'unknown', name: 'D', parent: 'E' },
      { kind: 'circle', names: ['A', 'B', 'A'] },
      { kind: 'circle', names: ['C', 'C'] },
    ]);
  });

  it('has no circle where parents come first, and then leaves only leaves below', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.nat({ max: 30 }), { maxLength: 3 }), { maxLength: 30 }),
        (rows) => {
          const parents = new Map(
            rows.map((above, i) => [`N${i}`, i === 0 ? [] : above.map((n) => `N${n % i}`)]),
          );
          const { tree, faults } = buildTree(parents);
          expect(faults).toEqual([]);
          for (const [name, above] of parents) {
            const below = tree.leavesOf(name);
            expect(below.length).toBeGreaterThan(0);
            expect(tree.leaves).toEqual(expect.arrayContaining([...below]));
            for (const parent of above) {
              expect(tree.leavesOf(parent)).toEqual(expect.arrayContaining([...below]));
            }
          }
        },
      ),
    );
  });
});
