import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostOfHeader, mostSpecific, parseHostname } from '#hostname';

const label = fc
  .stringMatching(/^[a-z]([a-z0-9-]{0,10}[a-z0-9])?$/)
  .filter((text) => !text.startsWith('xn--'));
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));

describe('parseHostname', () => {
  it.each([
    ['Example.COM', 'example.com'],
    ['example.com.', 'example.com'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['XN--BCHER-KVA.example', 'xn--bcher-kva.example'],
    ['*.Example.com', '*.example.com'],
    ['*.bücher.example', '*.xn--bcher-kva.example'],
    ['localhost', 'localhost'],
    ['ｅxample.com', 'example.com'],
  ])('reads %s as %s', (input, hostname) => {
    expect(parseHostname(input)).toEqual({ ok: true, hostname });
  });

  it.each([
    '',
    '.',
    '*',
    '*.',
    'a..b',
    '.example.com',
    'example.com..',
    'example.com:80',
    'http://example.com',
    'example.com/path',
    'user@example.com',
    '*example.com',
    'a.*.com',
    '*.*.com',
    '127.0.0.1',
    '0x7f.1',
    '[::1]',
    '::1',
    'a.1',
    '-a.com',
    'a-.com',
    'under_score.com',
    'a b.com',
    ' a.com',
    `${'a'.repeat(64)}.com`,
    `${'a.'.repeat(127)}com`,
    '%41.com',
    'a\u0000.com',
  ])('refuses %j with a reason', (input) => {
    const parsed = parseHostname(input);
    expect(parsed.ok).toBe(false);
    expect(parsed).toHaveProperty('message', expect.stringMatching(/^[a-z]/));
  });

  it('is idempotent, whatever it accepts', () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.string(), name), (input) => {
        const parsed = parseHostname(input);
        if (parsed.ok) expect(parseHostname(parsed.hostname)).toEqual(parsed);
      }),
    );
  });
});

describe('hostOfHeader', () => {
  it.each([
    ['A.test:8080', 'a.test'],
    ['a.test.', 'a.test'],
    ['a.test.:80', 'a.test'],
    ['[::1]:80', undefined],
    ['', undefined],
    [':80', undefined],
    ['a b', undefined],
    ['My_App.test', 'my_app.test'],
    ['.a.test', undefined],
    ['a..test', undefined],
    ['a.test..', undefined],
  ])('reads %j as %j', (header, host) => {
    expect(hostOfHeader(header)).toBe(host);
  });
});

describe('mostSpecific', () => {
  const matchIn = (patterns: string[], host: string) =>
    mostSpecific(host, (each) => (patterns.includes(each) ? each : undefined));

  it('prefers the exact name, then the longest wildcard', () => {
    const patterns = ['*.example.com', '*.b.example.com', 'a.b.example.com'];
    expect(matchIn(patterns, 'a.b.example.com')).toBe('a.b.example.com');
    expect(matchIn(patterns, 'c.b.example.com')).toBe('*.b.example.com');
    expect(matchIn(patterns, 'x.y.b.example.com')).toBe('*.b.example.com');
    expect(matchIn(patterns, 'b.example.com')).toBe('*.example.com');
    expect(matchIn(patterns, 'example.com')).toBeUndefined();
    expect(matchIn(patterns, 'notexample.com')).toBeUndefined();
  });

  it('agrees with a search through all names', () => {
    const pattern = fc.tuple(fc.boolean(), name).map(([wildcard, rest]) => (wildcard ? `*.${rest}` : rest));
    fc.assert(
      fc.property(fc.array(pattern), name, label, (patterns, base, extra) => {
        for (const host of [base, `${extra}.${base}`, ...patterns.map((each) => each.replace('*', extra))])
          expect(matchIn(patterns, host)).toBe(bySearch(patterns, host));
      }),
    );
  });
});

function bySearch(patterns: string[], host: string): string | undefined {
  if (patterns.includes(host)) return host;
  return patterns
    .filter((each) => each.startsWith('*.') && host.endsWith(each.slice(1)) && host.length > each.length - 1)
    .toSorted((a, b) => b.length - a.length)[0];
}
