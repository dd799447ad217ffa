/** The value that a share `p` (0 to 1) of the samples do not exceed. Throws RangeError if there is none. */
export function percentile(samples: readonly number[], p: number): number {
  const sorted = Float64Array.from(samples).toSorted();
  const value = sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('no samples');
  return value;
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}
