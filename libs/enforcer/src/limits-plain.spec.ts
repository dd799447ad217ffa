import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SettingsTable, type SettingsEntry } from '#settings';
import { isPlain } from './limits-plain.js';
import { faultOf } from './limits.js';

const CHARACTERS = ['a', 'b', 'z', '0', '9', '-', '.', 'xn--', '*.', ':', '_', 'A', ' ', 'ü', '80', '8080'];
const text = fc.array(fc.constantFrom(...CHARACTERS), { maxLength: 8 }).map((parts) => parts.join(''));
const nearName = fc.oneof(
  text,
  fc.domain(),
  fc.constantFrom('shop.example.com', '*.shop.example.com', '1.2', 'a.0x1'),
);
const nearOrigin = fc
  .tuple(fc.constantFrom('http://', 'https://', 'http:/', 'ftp://', ''), nearName, text)
  .map((parts) => parts.join(''));
const fate = fc.oneof(
  fc.constantFrom({ mode: 'keep' as const }, { mode: 'close' as const }),
  fc.record({
    mode: fc.constant('drain' as const),
    seconds: fc.oneof(fc.integer(), fc.double(), fc.nat(4_000)),
  }),
);

function storedOf(
  resource: string,
  hostnames: string[],
  origin: string,
  openConnections: SettingsEntry['websockets']['openConnections'] = { mode: 'keep' },
) {
  const table = new SettingsTable();
  const websockets = { enabled: true, openConnections, position: 1n };
  const entry = { resource, position: 1n, hostnames, origin, websockets };
  table.apply([entry]);
  return { entry, stored: [...table.stored()][0]! };
}

describe('a plain entry', () => {
  it('has no fault, however near to one it is', () => {
    fc.assert(
      fc.property(
        text,
        fc.array(nearName, { maxLength: 3 }),
        nearOrigin,
        fate,
        (id, names, origin, openConnections) => {
          const { entry, stored } = storedOf(id, [...new Set(names)], origin, openConnections);
          if (isPlain(stored)) expect(faultOf(new SettingsTable(), [entry])).toBeUndefined();
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it.each(['http://origin.example', 'https://origin-1.example:8443', 'http://a1'])(
    'has an origin like %s',
    (origin) => {
      expect(isPlain(storedOf('shop-1', ['shop.example.com', '*.shop.example.com'], origin).stored)).toBe(
        true,
      );
    },
  );
});
