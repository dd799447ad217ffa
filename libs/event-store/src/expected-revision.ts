import type { ExpectedRevision } from './event-store.js';

/** Whether a stream at the revision `actual` (0: there is none) is as a writer expects. */
export function isAsExpected(expected: ExpectedRevision, actual: number): boolean {
  switch (expected) {
    case 'any':
      return true;
    case 'none':
      return actual === 0;
    case 'exists':
      return actual > 0;
    default:
      return actual === expected;
  }
}
