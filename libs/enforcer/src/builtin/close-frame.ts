import { randomBytes } from 'node:crypto';

/** Why a relay ends a WebSocket itself: a status code of RFC 6455, 7.4.1, and a text of at most 123 bytes. */
export interface CloseReason {
  code: number;
  text: string;
}

export const WEBSOCKETS_DISABLED: CloseReason = { code: 1008, text: 'websockets disabled' };
export const GOING_AWAY: CloseReason = { code: 1001, text: 'edge going away' };

const FIN_CLOSE = 0x88;
const MASKED = 0x80;

/** A Close frame as a server sends it, to a client. */
export function closeFrame(reason: CloseReason): Buffer {
  const payload = payloadOf(reason);
  return Buffer.concat([Buffer.from([FIN_CLOSE, payload.length]), payload]);
}

/** A Close frame as a client sends it, to an origin: masked. */
export function maskedCloseFrame(reason: CloseReason): Buffer {
  const payload = payloadOf(reason);
  const mask = randomBytes(4);
  const masked = payload.map((byte, index) => byte ^ mask[index % 4]!);
  return Buffer.concat([Buffer.from([FIN_CLOSE, MASKED | payload.length]), mask, masked]);
}

function payloadOf({ code, text }: CloseReason): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(text)]);
}
