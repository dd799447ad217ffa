import {
  AccessDeniedError,
  AppendRecordSizeExceededError,
  MaxAppendSizeExceededError,
  StreamDeletedError,
  StreamTombstonedError,
  TransactionMaxSizeExceededError,
  WrongExpectedVersionError,
  isCommandError,
} from '@kurrent/kurrentdb-client';
import { StoreCorrupt, StoreUnavailable, WrongRevision } from '../event-store.js';

/** The server took an append for too large; another attempt will not help. */
function isTooLarge(error: unknown): boolean {
  return (
    error instanceof MaxAppendSizeExceededError ||
    error instanceof AppendRecordSizeExceededError ||
    error instanceof TransactionMaxSizeExceededError
  );
}

/** Whatever another attempt cannot mend, as an error of the port; undefined if another attempt may succeed. */
export function finalFailure(error: unknown): Error | undefined {
  if (isOurs(error)) return error;
  if (error instanceof AccessDeniedError) {
    return new StoreUnavailable('KurrentDB denies access: check user and password in UPGATE_STORE', {
      cause: error,
    });
  }
  if (isTooLarge(error)) return new RangeError('the events are too large for KurrentDB', { cause: error });
  if (error instanceof StreamDeletedError || error instanceof StreamTombstonedError) {
    return new StoreCorrupt('a stream of the event log has been deleted', { cause: error });
  }
  return undefined;
}

function isOurs(error: unknown): error is Error {
  return (
    error instanceof WrongRevision ||
    error instanceof WrongExpectedVersionError ||
    error instanceof StoreUnavailable ||
    error instanceof StoreCorrupt ||
    error instanceof TypeError
  );
}

/** For people: never an address, which may hold a password. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return isCommandError(error) ? error.type : error.name;
}
