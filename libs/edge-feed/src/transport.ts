import { createConnection, type Socket } from 'node:net';
import {
  NatsConnectionImpl,
  setTransportFactory,
  type NatsConnection,
  type NodeConnectionOptions,
  type Server,
} from '@nats-io/transport-node';
import { nodeResolveHost, NodeTransport } from '@nats-io/transport-node/lib/node_transport.js';

interface DialOptions extends NodeConnectionOptions {
  /** Ends the attempt that is under way, now or while the client reconnects, and all later ones. */
  signal?: AbortSignal;
}

/** The client's own `connect`, except that no attempt that fails or is given up leaves its socket open. */
export function connectNats(options: DialOptions): Promise<NatsConnection> {
  setTransportFactory({ factory: () => new EndingTransport(), dnsResolveFn: nodeResolveHost });
  return NatsConnectionImpl.connect(options);
}

/** The original forgets its socket until TCP has connected, and does not end it before the server has sent its INFO. */
class EndingTransport extends NodeTransport {
  override async connect(server: Server, options: DialOptions): Promise<void> {
    const { signal } = options;
    signal?.throwIfAborted();
    const end = () => this.discard();
    signal?.addEventListener('abort', end);
    try {
      await super.connect(server, options);
    } finally {
      signal?.removeEventListener('abort', end);
    }
  }

  override dial({ hostname, port }: Pick<Server, 'hostname' | 'port'>): Promise<Socket> {
    const socket = createConnection({ host: hostname, port, noDelay: true });
    this.socket = socket;
    return new Promise((resolve, reject) => {
      socket.once('connect', () => resolve(socket));
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('the attempt was given up')));
    });
  }

  override async close(error?: Error): Promise<void> {
    if (this.connected) await super.close(error);
    else this.discard();
  }

  /** Leaves the socket its listeners, by which an attempt that is under way fails. */
  override discard(): void {
    this.done = true;
    this.socket?.destroy();
  }
}
