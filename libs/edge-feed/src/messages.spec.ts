import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changeMessage } from '#contract';
import type { SettingsChange, SettingsEntry } from '#settings';
import { fromMessage, sizeOfChange, toMessage } from './messages.js';
import { subjectsOf, tokenOf } from './subjects.js';

const anyPosition = fc.bigInt(1n, 2n ** 64n - 2n);
const anyName = (maxLength: number) =>
  fc
    .tuple(fc.constantFrom('a', 'é'), fc.integer({ min: 1, max: maxLength }))
    .map(([character, length]) => character.repeat(length));
const anyResource = anyName(128);
const anyMode: fc.Arbitrary<SettingsEntry['websockets']['openConnections']> = fc.oneof(
  fc.constant({ mode: 'keep' as const }),
  fc.constant({ mode: 'close' as const }),
  fc.nat(86_400).map((seconds) => ({ mode: 'drain' as const, seconds })),
);
const anyChange: fc.Arbitrary<SettingsChange> = fc.oneof(
  fc.tuple(anyResource, anyPosition, fc.option(anyMode)).map(([resource, position, openConnections]) => ({
    resource,
    position,
    removed: true as const,
    websockets: openConnections ? { openConnections, position } : undefined,
  })),
  fc
    .record({ position: anyPosition, enabled: fc.boolean(), openConnections: anyMode, resource: anyResource })
    .chain(({ position, enabled, openConnections, resource }) =>
      fc.record({
        resource: fc.constant(resource),
        position: fc.constant(position),
        hostnames: fc.array(anyName(253), { minLength: 1, maxLength: 100, size: 'max' }),
        origin: anyName(2_048),
        websockets: fc.constant({ enabled, openConnections, position }),
      }),
    ),
);

describe('a change', () => {
  it('comes out of its message as it went in, and is no larger than was reckoned', () => {
    fc.assert(
      fc.property(anyChange, (one) => {
        const change = {
          epoch: 'e',
          previous: 0n,
          position: 2n ** 64n - 1n,
          digest: '0'.repeat(32),
          changes: [one],
        };
        const empty = changeMessage.encode(toMessage({ ...change, changes: [] })).length;
        const bytes = changeMessage.encode(toMessage(change));
        expect(fromMessage(changeMessage.parse(bytes))).toEqual(change);
        expect(bytes.length - empty).toBeLessThanOrEqual(sizeOfChange(one));
      }),
    );
  });
});

describe('subjects', () => {
  it('have one token for a node, whatever its name', () => {
    expect(subjectsOf('default').status('edge-1.example.com')).toBe(
      'upgate.default.status.edge-1%2Eexample%2Ecom',
    );
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (one, other) => {
        expect(tokenOf(one)).toMatch(/^[\w%-]+$/);
        expect(tokenOf(one) === tokenOf(other)).toBe(one === other);
      }),
    );
  });

  it('are refused for a fleet that cannot be named in them', () => {
    for (const fleet of ['', 'a.b', 'a b', '>', '*', 'x'.repeat(65)])
      expect(() => subjectsOf(fleet)).toThrow(/must be 1 to 64 characters/);
  });
});
