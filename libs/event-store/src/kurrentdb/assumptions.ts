import {
  START,
  streamNameFilter,
  type Filter,
  type Position as Place,
  type ReadPosition,
} from '@kurrent/kurrentdb-client';
import type { Position } from '../event-store.js';

/*
 * What this adapter takes for granted about the server, and where it is said. No real server has been seen yet;
 * "server" is the source of kurrent-io/KurrentDB, folder src/KurrentDB.Core.
 *
 * 1. An event that is written through gRPC commits itself, so its commit and prepare position are the place of its own
 *    record, different for every event. (Server: Data/ResolvedEvent.cs, CalculatePosition. Explicit transactions, which
 *    differ, were in the former TCP interface only.)
 * 2. The first record of a log, at position 0, is the server's own, so no event of ours is there. (Not found in words;
 *    Data/TFPos.cs calls 0/0 the first record, and a leader writes its epoch before it takes writes.)
 * 3. A read of $all from a position begins with the event at it; a subscription sends what is after it. A position in
 *    the midst of a record is refused as invalid: so only positions that the server has named are read from. (Server:
 *    Services/Transport/Enumerators/Enumerator.AllSubscriptionFiltered.cs, and RpcExceptions.InvalidPositionException.)
 * 4. A filtered subscription sends a checkpoint after every window of `32 * checkpointInterval` records, also when none
 *    matched, and before it goes live. One whose prepare position is below its commit position may mean that the record
 *    at the commit position is still to come, so it is only counted as looked through up to before that.
 *    (Same file; the prepare position 0 is kurrent-io/KurrentDB#3989, why it is 0 is #1205.)
 * 5. A server that is not ready, or knows no leader, answers a batched append with a status that the client knows not,
 *    on a stream that goes on. A leader elsewhere ends the stream with the exception `not-leader`.
 *    (Server: Services/Transport/Grpc/Streams.BatchAppend.cs and RpcExceptions.cs.)
 * 6. An append whose answer is lost ends in no error while the connection lives: the client has no deadline of its own
 *    for a batched append. (Client: dist/streams/appendToStream/batchAppend.js.)
 * 7. Streams are neither truncated, nor given a lifetime, nor deleted, and no other program writes to this server: who
 *    runs it sees to that.
 * 8. Reads of a stream tell the place of an event in the whole log. Servers before 22.6 do not: they tell -1 as an
 *    unsigned number. (kurrent-io/KurrentDB#3459.)
 */

/** What befell the log itself. Its epoch is the id of the last event here, which is a LOG_CREATED. */
export const EPOCH_STREAM = 'upgateLog';
export const LOG_CREATED = 'LogCreated';
/** The last one here: the log is not complete. */
export const IMPORT_BEGUN = 'LogImportBegun';

/** Of 32 records each: how far a subscription may get through events of others before it hears of it. */
const CHECKPOINT_INTERVAL = 32;

export type { Place };

/** Up to where a checkpoint says that every record was looked at (4). */
export function lookedThrough({ commit, prepare }: Place): Position {
  return prepare < commit ? commit - 1n : commit;
}

/** For a position that an event has, or 0n: the server refuses any other (3). */
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

/** What a server that does not know the place of an event says (8). */
export const NO_PLACE = 2n ** 64n - 1n;

type Checkpoint = NonNullable<Filter['checkpointReached']>;
