import { BinaryReader, type BinaryWriter } from '@bufbuild/protobuf/wire';
import * as checks from './feed-checks.js';
import {
  MAX_CONVERGENCE_BYTES,
  MAX_MESSAGE_BYTES,
  MAX_SMALL_MESSAGE_BYTES,
  MAX_STATUS_BYTES,
} from './feed-limits.js';
import {
  Change,
  ChunkAnswer,
  ChunkRequest,
  ConvergenceAnswer,
  ConvergenceRequest,
  Forget,
  Head,
  RollCall,
  RosterRequest,
  Status,
  SyncAnswer,
  SyncRequest,
} from './generated/upgate/feed/v1/feed.js';
import { MessageInvalid } from './message-invalid.js';

/** One kind of message on the feed. Both ways throw MessageInvalid, and nothing else, for what must not be sent. */
export interface FeedMessage<T> {
  encode(message: T): Uint8Array;
  parse(bytes: Uint8Array): T;
}

export const changeMessage = feedMessage(Change, MAX_MESSAGE_BYTES, checks.checkChange);
export const headMessage = feedMessage(Head, MAX_SMALL_MESSAGE_BYTES, checks.checkHead);
export const syncRequestMessage = feedMessage(SyncRequest, MAX_SMALL_MESSAGE_BYTES, checks.checkSyncRequest);
export const syncAnswerMessage = feedMessage(SyncAnswer, MAX_MESSAGE_BYTES, checks.checkSyncAnswer);
export const chunkRequestMessage = feedMessage(
  ChunkRequest,
  MAX_SMALL_MESSAGE_BYTES,
  checks.checkChunkRequest,
);
export const chunkAnswerMessage = feedMessage(ChunkAnswer, MAX_MESSAGE_BYTES, checks.checkChunkAnswer);
export const statusMessage = feedMessage(Status, MAX_STATUS_BYTES, checks.checkStatus);
export const rollCallMessage = feedMessage(RollCall, MAX_SMALL_MESSAGE_BYTES, checks.checkRollCall);
export const forgetMessage = feedMessage(Forget, MAX_SMALL_MESSAGE_BYTES, checks.checkForget);
export const rosterRequestMessage = feedMessage(
  RosterRequest,
  MAX_SMALL_MESSAGE_BYTES,
  checks.checkRosterRequest,
);
export const convergenceRequestMessage = feedMessage(
  ConvergenceRequest,
  MAX_SMALL_MESSAGE_BYTES,
  checks.checkConvergenceRequest,
);
export const convergenceAnswerMessage = feedMessage(
  ConvergenceAnswer,
  MAX_CONVERGENCE_BYTES,
  checks.checkConvergenceAnswer,
);

interface Codec<T> {
  encode(message: T): BinaryWriter;
  decode(input: BinaryReader): T;
}

function feedMessage<T>(codec: Codec<T>, maxBytes: number, check: (message: T) => void): FeedMessage<T> {
  return {
    encode(message) {
      check(message);
      const bytes = encoded(codec, message);
      checkSize(bytes, maxBytes);
      return bytes;
    },
    parse(bytes) {
      checkSize(bytes, maxBytes);
      const message = decoded(codec, bytes);
      check(message);
      return message;
    },
  };
}

function checkSize({ length }: Uint8Array, max: number): void {
  if (length > max) throw new MessageInvalid(`it is ${length} bytes long, at most ${max} are allowed`);
}

function encoded<T>(codec: Codec<T>, message: T): Uint8Array {
  try {
    return codec.encode(message).finish();
  } catch (error) {
    throw new MessageInvalid(`it does not fit the protocol: ${String(error)}`, { cause: error });
  }
}

function decoded<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const reader = new BinaryReader(bytes);
  try {
    const message = codec.decode(reader);
    if (reader.pos === reader.len) return message;
  } catch (error) {
    throw new MessageInvalid(`it is not a protobuf message: ${String(error)}`, { cause: error });
  }
  throw new MessageInvalid(`it has ${reader.len - reader.pos} bytes beyond its end`);
}
