import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { Subscribers } from '../processes/subscribers.js';
import { monotonic } from './monotonic.js';
import { Remotes } from './remotes.js';
import { launchNats } from './servers.js';

/** The floor of the feed: core NATS and nothing else. */
export class RawNats {
  #published = 0;

  private constructor(
    private readonly publisher: NatsConnection,
    private readonly subscribers: Remotes<Subscribers>,
  ) {}

  /** A server of its own with so many subscribers, in as many processes as there are processors. */
  static async start(stack: AsyncDisposableStack, count: number): Promise<RawNats> {
    const { url } = await launchNats(stack);
    const subscribers = new Remotes<Subscribers>('processes/subscribers.js', stack);
    await subscribers.share('start', count, (share) => ({ url, count: share.count }));
    const publisher = await connect({ servers: url });
    stack.defer(() => publisher.close());
    return new RawNats(publisher, subscribers);
  }

  /** The milliseconds until the last subscriber has had all of these messages. */
  async publish(messages: readonly Uint8Array[]): Promise<number> {
    const started = monotonic();
    for (const message of messages) this.publisher.publish('bench', message);
    this.#published += messages.length;
    const times = await this.subscribers.all('received', { messages: this.#published });
    return Math.max(...times.flat()) - started;
  }
}
