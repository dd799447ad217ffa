import type { Hostname } from '#hostname';
import type { ConnectionsPolicy } from '#settings';
import { WEBSOCKETS_DISABLED, type CloseReason } from './close-frame.js';
import type { Tunnel } from './tunnel.js';

/** An open WebSocket: by which host it came, to which resource it belongs, and what is to become of it. */
export class OpenConnection {
  #obeyed: ConnectionsPolicy | undefined;
  #closing: NodeJS.Timeout | undefined;

  constructor(
    readonly host: Hostname,
    readonly resource: string,
    private readonly tunnel: Pick<Tunnel, 'close'>,
  ) {}

  /** The policy that decided its fate, which may be still to come; undefined while it is allowed. */
  get obeyed(): ConnectionsPolicy | undefined {
    return this.#obeyed;
  }

  /** It may stay after all. */
  allow(): void {
    this.cancel();
    this.#obeyed = undefined;
  }

  /** In place of any earlier policy. */
  obey(policy: ConnectionsPolicy, closeAfterMs: number | undefined): void {
    this.cancel();
    this.#obeyed = policy;
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
