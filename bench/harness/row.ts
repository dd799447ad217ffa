/** What a ratio of ours to theirs must keep to. */
export type Target = { atMost: number } | { atLeast: number };

/** Samples of ours and of what it is held against, taken in turn within one run. */
export interface Comparison {
  /** What differs from the other comparisons of the row, such as `p99` or `1,000 nodes`. */
  case: string;
  unit: 'ms' | '/s' | 'bytes';
  ours: number[];
  /** A floor or a peer; absent: a target is a number of `unit`. */
  against?: { name: string; samples: number[] };
  /** Absent: shown, and not judged. */
  target?: Target;
  /** What a reader must know besides the numbers. */
  note?: string;
}

/** One row of the table. */
export interface Row {
  name: string;
  title: string;
  measure(run: Run): Promise<Comparison[]>;
}

/** What a row works with; all that it puts on `stack` ends with the row. */
export interface Run {
  quick: boolean;
  /** How often each side is measured. */
  rounds: number;
  /** A folder of its own, on disk. */
  folder: string;
  stack: AsyncDisposableStack;
  progress(text: string): void;
}
