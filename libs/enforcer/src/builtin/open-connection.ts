import type { Hostname } from '#hostname';
import { WEBSOCKETS_DISABLED, type CloseReason } from './close-frame.js';
import type { Tunnel } from './tunnel.js';

/** An open WebSocket: by which host it came, to which resource it belongs, and what is to become of it. */
export class OpenConnection {
  #fate: bigint | undefined;
  #closing: NodeJS.Timeout | undefined;

  constructor(
    readonly host: Hostname,
    readonly resource: string,
    private readonly tunnel: Pick<Tunnel, 'close'>,
  ) {}

  /** The position of the policy that decided its fate; undefined while it is allowed. */
  get fate(): bigint | undefined {
    return this.#fate;
  }

  /** It may stay after all. */
  allow(): void {
    this.cancel();
    this.#fate = undefined;
  }

  /** Fulfils the word of one policy, in place of any earlier one. */
  meet(fate: bigint, closeAfterMs: number | undefined): void {
    this.cancel();
    this.#fate = fate;
    if (closeAfterMs === undefined) return;
    if (closeAfterMs === 0) this.close(WEBSOCKETS_DISABLED);
    else this.#closing = setTimeout(() => this.close(WEBSOCKETS_DISABLED), closeAfterMs);
  }

  close(reason: CloseReason): void {
    this.tunnel.close(reason);
  }

  /** Stops a close that has not come yet. */
  cancel(): void {
    clearTimeout(this.#closing);
  }
}
