import { setTimeout as delay } from 'node:timers/promises';
import {
  RequestError,
  type Msg,
  type NatsConnection,
  type Server,
  type Stats,
  type Status,
} from '@nats-io/transport-node';
import { Backoff } from './backoff.js';
import type { FeedLog } from './log.js';
import { parseServers, type Servers } from './servers.js';
import { tokenOf } from './subjects.js';
import { connectNats } from './transport.js';

const CONNECT_TIMEOUT_MS = 5_000;
/** A server that hangs is left within 3 s: before a node would call itself stale. */
const PINGS = { pingInterval: 1_000, maxPingOut: 2 };
const FLUSH_TIMEOUT_MS = 1_000;
/** Of a connection that was lost; the mean wait for a server that is back is a third of the greatest bound. */
const RECONNECT_MS = { base: 100, max: 750 };
/** Of the first connection. */
const DIAL_MS = { base: 100, max: 2_000 };

export interface FeedConnectionOptions {
  /** Such as nats://127.0.0.1:4222, with a user and password in it where the server asks for them. */
  servers: string[];
  /** Of this client, as the NATS server shows it; its inbox is named after it: `_INBOX.<name>.>`. */
  name: string;
  logger: FeedLog;
}

/** Messages and the bytes in them, since the start. */
export interface FeedTraffic {
  sent: { messages: number; bytes: number };
  received: { messages: number; bytes: number };
}

export interface FeedSubscription {
  unsubscribe(): void;
}

/** A request got no answer: there is no connection, nobody who answers, or no answer in time. */
export class FeedUnavailable extends Error {
  override readonly name = 'FeedUnavailable';
}

interface Listener extends FeedSubscription {
  attach(nats: NatsConnection): void;
}

/** Returns at once; the connection comes about, and comes back, by itself whenever a server can be reached. */
export function connectFeed(options: FeedConnectionOptions): FeedConnection {
  return new FeedConnection(options);
}

/** A connection to NATS that never gives up. What is published while it is down is dropped: heads and syncs repair. */
export class FeedConnection {
  readonly #servers: Servers;
  readonly #name: string;
  readonly #logger: FeedLog;
  readonly #listeners = new Set<Listener>();
  readonly #onConnect = new Set<() => void>();
  readonly #stopped = new AbortController();
  readonly #running: Promise<void>;
  readonly #reconnects = new Backoff(RECONNECT_MS.base, RECONNECT_MS.max);
  /** From one try to reconnect to the next one to the same server. */
  #untilNextTry = 0;
  #nats: NatsConnection | undefined;
  #connected = false;
  #failure: string | undefined;
  /** Over connections that have ended. */
  #past: FeedTraffic = { sent: { messages: 0, bytes: 0 }, received: { messages: 0, bytes: 0 } };

  constructor({ servers, name, logger }: FeedConnectionOptions) {
    this.#servers = parseServers(servers);
    this.#name = name;
    this.#logger = logger;
    this.#running = this.#run();
  }

  get connected(): boolean {
    return this.#connected;
  }

  get traffic(): FeedTraffic {
    return this.#nats ? sumOf(this.#past, this.#nats.stats()) : this.#past;
  }

  /** Calls the listener each time a connection has come about, and soon if there is one now. */
  onConnect(listener: () => void): FeedSubscription {
    this.#onConnect.add(listener);
    if (this.#connected) queueMicrotask(() => this.#onConnect.has(listener) && listener());
    return { unsubscribe: () => this.#onConnect.delete(listener) };
  }

  /** Lasts over lost connections. What the handler throws is logged. */
  subscribe(subject: string, handler: (message: Msg) => void, queue?: string): FeedSubscription {
    const listener = this.#listener(subject, handler, queue);
    this.#listeners.add(listener);
    if (this.#nats) listener.attach(this.#nats);
    return listener;
  }

  /** False if it was dropped. */
  publish(subject: string, bytes: Uint8Array, options?: Parameters<NatsConnection['publish']>[2]): boolean {
    if (!this.#connected) return false;
    try {
      this.#nats?.publish(subject, bytes, options);
      return true;
    } catch (error) {
      this.#logger.warn({ subject, err: error }, 'a message cannot be published');
      return false;
    }
  }

  /** Throws FeedUnavailable if no answer comes in time. */
  async request(subject: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    if (!this.#connected || !this.#nats) throw new FeedUnavailable('NATS is not connected');
    try {
      return (await this.#nats.request(subject, bytes, { timeout: timeoutMs })).data;
    } catch (error) {
      const nobody = error instanceof RequestError && error.isNoResponders();
      const reason = nobody ? `nobody answers on ${subject}` : `no answer on ${subject}: ${String(error)}`;
      throw new FeedUnavailable(reason, { cause: error });
    }
  }

  /** Resolves when the server has processed all that was sent before; soon in any case. */
  async flush(): Promise<void> {
    if (!this.#connected || !this.#nats) return;
    const flushed = this.#nats.flush().catch(() => undefined);
    await Promise.race([flushed, delay(FLUSH_TIMEOUT_MS, undefined, { ref: false })]);
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    await this.flush();
    await this.#nats?.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    const backoff = new Backoff(DIAL_MS.base, DIAL_MS.max);
    while (!this.#stopped.signal.aborted) {
      try {
        const nats = await this.#dial();
        backoff.reset();
        await this.#live(nats);
      } catch (error) {
        if (this.#stopped.signal.aborted) return;
        this.#unreachable(String(error));
        await this.#pause(backoff.next());
      }
    }
  }

  /** Told once for every reason, however often it is tried. */
  #unreachable(reason: string): void {
    if (reason === this.#failure) return;
    this.#failure = reason;
    this.#logger.warn(
      { servers: this.#servers.urls, reason },
      'NATS cannot be reached, it is tried again and again',
    );
  }

  #dial(): Promise<NatsConnection> {
    return connectNats({
      signal: this.#stopped.signal,
      servers: this.#servers.urls,
      ...this.#servers.credentials,
      ...(this.#servers.secure && { tls: {} }),
      name: this.#name,
      inboxPrefix: `_INBOX.${tokenOf(this.#name)}`,
      timeout: CONNECT_TIMEOUT_MS,
      ...PINGS,
      maxReconnectAttempts: -1,
      reconnectToServer: (servers) => this.#nextTry(servers),
      reconnectDelayHandler: () => this.#untilNextTry,
      ignoreAuthErrorAbort: true,
      noAsyncTraces: true,
    });
  }

  /** Called once for each try, where the delay is asked for again when it has passed. */
  #nextTry(servers: readonly Server[]): Server | null {
    this.#untilNextTry = this.#reconnects.next();
    return longestUntried(servers);
  }

  /** Until the connection is closed, by us or for good by its own reasons. */
  async #live(nats: NatsConnection): Promise<void> {
    if (this.#stopped.signal.aborted) return nats.close();
    this.#nats = nats;
    for (const listener of this.#listeners) listener.attach(nats);
    this.#nowConnected(nats);
    for await (const status of nats.status()) this.#heed(nats, status);
    this.#connected = false;
    this.#past = sumOf(this.#past, nats.stats());
    this.#nats = undefined;
  }

  #heed(nats: NatsConnection, status: Status): void {
    switch (status.type) {
      case 'disconnect':
        this.#connected = false;
        this.#logger.warn({ server: status.server }, 'NATS disconnected');
        break;
      case 'reconnect':
        this.#nowConnected(nats);
        break;
      case 'error':
        this.#logger.warn({ err: status.error }, 'NATS reports an error');
        break;
      default:
    }
  }

  #nowConnected(nats: NatsConnection): void {
    this.#connected = true;
    this.#failure = undefined;
    this.#reconnects.reset();
    this.#logger.info({ server: nats.getServer() }, 'NATS connected');
    for (const listener of this.#onConnect) this.#guard('connected', listener);
  }

  #listener(subject: string, handler: (message: Msg) => void, queue: string | undefined): Listener {
    let active: FeedSubscription | undefined;
    const callback = (error: Error | null, message: Msg) => {
      if (error) this.#logger.warn({ subject, err: error }, 'NATS refuses a subscription');
      else this.#guard(subject, () => handler(message));
    };
    const listener: Listener = {
      attach: (nats) =>
        (active = nats.subscribe(subject, { callback, ...(queue !== undefined && { queue }) })),
      unsubscribe: () => {
        this.#listeners.delete(listener);
        active?.unsubscribe();
      },
    };
    return listener;
  }

  /** The NATS client would stop reading if a handler threw. */
  #guard(what: string, handle: () => void): void {
    try {
      handle();
    } catch (error) {
      this.#logger.warn({ what, err: error }, 'a handler of the feed failed');
    }
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
  }
}

/** The client would try the first server, which it has just lost, again before any other. */
function longestUntried(servers: readonly Server[]): Server | null {
  return servers.toSorted((a, b) => a.lastConnect - b.lastConnect)[0] ?? null;
}

function sumOf({ sent, received }: FeedTraffic, { outMsgs, outBytes, inMsgs, inBytes }: Stats): FeedTraffic {
  return {
    sent: { messages: sent.messages + outMsgs, bytes: sent.bytes + outBytes },
    received: { messages: received.messages + inMsgs, bytes: received.bytes + inBytes },
  };
}
