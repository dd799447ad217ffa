import { randomBytes } from 'node:crypto';

export interface FrameOptions {
  opcode?: number;
  fin?: boolean;
  mask?: boolean;
}

/** One WebSocket frame (RFC 6455, 5.2). */
export function frame(payload: Buffer, { opcode = 2, fin = true, mask = false }: FrameOptions = {}): Buffer {
  const first = (fin ? 0x80 : 0) | opcode;
  const masked = mask ? 0x80 : 0;
  const head = headOf(first, masked, payload.length);
  if (!mask) return Buffer.concat([head, payload]);
  const key = randomBytes(4);
  return Buffer.concat([head, key, payload.map((byte, index) => byte ^ key[index % 4]!)]);
}

function headOf(first: number, masked: number, length: number): Buffer {
  if (length < 126) return Buffer.from([first, masked | length]);
  const head = Buffer.alloc(length < 65_536 ? 4 : 10);
  head.writeUInt8(first, 0);
  head.writeUInt8(masked | (length < 65_536 ? 126 : 127), 1);
  if (length < 65_536) head.writeUInt16BE(length, 2);
  else head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}
