import { START, streamNameFilter, type Filter, type ReadPosition } from '@kurrent/kurrentdb-client';
import type { Position } from '../event-store.js';

/*
 * What this adapter takes for granted about the server, and where it is said. None of it has been seen on a real server
 * yet; 1 and 2 are from memory of the server's source.
 *
 * 1. Events that are written through gRPC have equal commit and prepare positions, different for every event, so that
 *    the commit position alone is the place of an event. (Server: PrepareLogRecord with the flag IsCommitted; explicit
 *    transactions exist in the former TCP interface only.)
 * 2. The first record of a log is the server's own, so no event of ours is at position 0. (Server: the epoch record.)
 * 3. A read of $all from a position begins with the event at it; a subscription begins after it. (Client's documentation:
 *    "Reading from the $all stream", "Catch-up subscriptions".)
 * 4. A filtered subscription sends a checkpoint after every window of `32 * checkpointInterval` records, also when
 *    none matched. (Client's documentation: "Server-side filtering".)
 * 5. A server that is not ready, or knows no leader, answers a batched append with a status that the client knows not,
 *    on a stream that goes on. A leader elsewhere ends the stream with the exception `not-leader`.
 *    (Server: Streams.BatchAppend.cs, ConvertMessage.)
 * 6. An append whose answer is lost ends in no error while the connection lives: the client has no deadline of its own
 *    for a batched append. (Client: appendToStream/batchAppend.js.)
 * 7. Streams are neither truncated, nor given a lifetime, nor deleted: who runs the server sees to that.
 */

/** What befell the log itself. Its epoch is the id of the last event here, which is a LOG_CREATED. */
export const EPOCH_STREAM = 'upgateLog';
export const LOG_CREATED = 'LogCreated';
/** The last one here: the log is not complete. */
export const IMPORT_BEGUN = 'LogImportBegun';

/** Of 32 records each: how far a subscription may get through events of others before it hears of it. */
const CHECKPOINT_INTERVAL = 32;

export function readPosition(position: Position): ReadPosition {
  return position === 0n ? START : { commit: position, prepare: position };
}

/** All streams with the prefix; never the server's own, whose names start with "$". */
export function streamsWith(prefix: string, more: { checkpointReached?: Checkpoint } = {}): Filter {
  const options = { checkpointInterval: CHECKPOINT_INTERVAL, ...more };
  return prefix === ''
    ? streamNameFilter({ regex: '^[^$]', ...options })
    : streamNameFilter({ prefixes: [prefix], ...options });
}

type Checkpoint = NonNullable<Filter['checkpointReached']>;
