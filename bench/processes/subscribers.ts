import { connect, type NatsConnection } from '@nats-io/transport-node';
import { eventually } from '../../test/support/condition.js';
import { monotonic } from '../harness/monotonic.js';
import { serve } from '../harness/remote.js';

const SUBJECT = 'bench';

/** The floor of the feed: bare subscribers, each with a connection of its own. */
export interface Subscribers {
  start(argument: { url: string; count: number }): Promise<void>;
  /** Waits until every subscriber has had so many messages; when each got its last one. */
  received(argument: { messages: number }): Promise<number[]>;
}

class Subscriber {
  messages = 0;
  lastAt = 0;

  constructor(nats: NatsConnection) {
    nats.subscribe(SUBJECT, { callback: () => this.#take() });
  }

  #take(): void {
    this.messages += 1;
    this.lastAt = monotonic();
  }
}

const subscribers: Subscriber[] = [];

serve<Subscribers>({
  async start({ url, count }) {
    for (let i = 0; i < count; i += 1) {
      const nats = await connect({ servers: url });
      subscribers.push(new Subscriber(nats));
      await nats.flush();
    }
  },
  async received({ messages }) {
    await eventually('every subscriber to have it', () =>
      subscribers.every((one) => one.messages >= messages),
    );
    return subscribers.map(({ lastAt }) => lastAt);
  },
});
