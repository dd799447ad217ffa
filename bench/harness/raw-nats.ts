import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { Subscribers } from '../processes/subscribers.js';
import { monotonic } from './monotonic.js';
import { Remote } from './remote.js';
import { launchNats } from './servers.js';

/** The floor of the feed: core NATS and nothing else. */
export class RawNats {
  #published = 0;

  private constructor(
    private readonly publisher: NatsConnection,
    private readonly subscribers: Remote<Subscribers>,
  ) {}

  /** A server of its own with so many subscribers, all in one process. */
  static async start(stack: AsyncDisposableStack, count: number): Promise<RawNats> {
    const { url } = await launchNats(stack);
    const subscribers = stack.use(new Remote<Subscribers>('processes/subscribers.js'));
    await subscribers.call('start', { url, count });
    const publisher = await connect({ servers: url });
    stack.defer(() => publisher.close());
    return new RawNats(publisher, subscribers);
  }

  /** The milliseconds until the last subscriber has had all of these messages. */
  async publish(messages: readonly Uint8Array[]): Promise<number> {
    const started = monotonic();
    for (const message of messages) this.publisher.publish('bench', message);
    this.#published += messages.length;
    const times = await this.subscribers.call('received', { messages: this.#published });
    return Math.max(...times) - started;
  }
}
