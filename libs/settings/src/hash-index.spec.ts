import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HashIndex } from './hash-index.js';

const ADDRESSES = 60;
/** Few hashes, so that many keys share one or lie side by side, also over the end of the memory. */
const anyHash = fc.constantFrom(-1, -2, -3, 0, 1, 2, 3, 2 ** 31 - 1, -(2 ** 31));
const step = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), hash: anyHash }),
  fc.record({ kind: fc.constantFrom('remove' as const, 'move' as const), pick: fc.nat() }),
  fc.record({ kind: fc.constant('expect' as const), count: fc.nat(40) }),
);

function allUnder(index: HashIndex, hash: number): number[] {
  return Array.from({ length: 2 * ADDRESSES }).flatMap((_, address) =>
    index.find(hash, (each) => each === address) === address ? [address] : [],
  );
}

it('finds what was added, and nothing that was removed, however it was changed', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: ADDRESSES }), (steps) => {
      const index = new HashIndex();
      const held = new Map<number, number>();
      steps.forEach((each, next) => {
        if (each.kind === 'expect') return index.expect(each.count);
        if (each.kind === 'add') {
          const met = [...held.values()].includes(each.hash);
          expect(index.add(each.hash, next)).toBe(met);
          return void held.set(next, each.hash);
        }
        const [address, hash] = [...held][each.pick % Math.max(1, held.size)] ?? [-1, 0];
        held.delete(address);
        if (each.kind === 'remove') return index.remove(hash, address);
        index.move(hash, address, next);
        if (address !== -1) held.set(next, hash);
      });
      for (const hash of new Set(held.values())) {
        const expected = [...held].filter(([, each]) => each === hash).map(([address]) => address);
        expect(allUnder(index, hash)).toEqual(expected.toSorted((a, b) => a - b));
      }
    }),
  );
});
