import type { Socket } from 'node:net';
import { closeFrame, maskedCloseFrame, type CloseReason } from './close-frame.js';
import { linger } from './linger.js';
import { TunnelDirection } from './tunnel-direction.js';

const KEEP_ALIVE_MS = 60_000;
const CLOSE_MS = 3_000;

/** The two ends of a WebSocket after its handshake, and what each has sent already. */
export interface TunnelEnds {
  client: Socket;
  clientHead: Buffer;
  origin: Socket;
  originHead: Buffer;
}

/**
 * Relays an open WebSocket until one of its ends closes it, or this edge does. There is no idle limit: TCP keep-alive
 * finds dead peers.
 */
export class Tunnel {
  readonly #client: Socket;
  readonly #origin: Socket;
  readonly #directions: readonly TunnelDirection[];
  #openEnds = 2;
  #deadline: NodeJS.Timeout | undefined;
  #closedFor: CloseReason | undefined;

  /** `onClosed` is called when both sockets are closed. */
  constructor({ client, clientHead, origin, originHead }: TunnelEnds, onClosed: () => void) {
    this.#client = client;
    this.#origin = origin;
    const up = new TunnelDirection(client, origin);
    const down = new TunnelDirection(origin, client);
    this.#directions = [up, down];
    this.#tend(client, origin, onClosed);
    this.#tend(origin, client, onClosed);
    up.start(clientHead);
    down.start(originHead);
  }

  /** Bytes relayed to the origin and to the client, frame headers included. */
  get bytes(): { up: number; down: number } {
    const [up, down] = this.#directions;
    return { up: up!.bytes, down: down!.bytes };
  }

  /** Why this edge closed it; undefined if an end did. */
  get closedFor(): CloseReason | undefined {
    return this.#closedFor;
  }

  /**
   * Closes both ends politely: each gets a Close frame as soon as the frame on its way to it is whole. Whoever has not
   * taken it and closed 3 s later is cut off.
   */
  close(reason: CloseReason): void {
    if (this.#closedFor) return;
    this.#closedFor = reason;
    this.#deadline = setTimeout(() => this.destroy(), CLOSE_MS);
    const [up, down] = this.#directions;
    up!.endWith(maskedCloseFrame(reason), () => this.#deadline?.refresh());
    down!.endWith(closeFrame(reason), () => this.#deadline?.refresh());
  }

  destroy(): void {
    this.#client.destroy();
    this.#origin.destroy();
  }

  #tend(socket: Socket, peer: Socket, onClosed: () => void): void {
    socket.allowHalfOpen = true;
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#openEnds -= 1;
      if (this.#openEnds > 0) return linger(peer);
      clearTimeout(this.#deadline);
      onClosed();
    });
  }
}
