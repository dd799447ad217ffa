const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/** Milliseconds of a duration as people write it: `250ms`, `5s`, `1m`; undefined if the text is none. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m)$/.exec(text);
  return match ? Math.round(Number(match[1]) * (UNITS[match[2]!] ?? 0)) : undefined;
}
