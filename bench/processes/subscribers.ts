import { connect } from '@nats-io/transport-node';
import { allArrived, Arrivals } from '../harness/arrivals.js';
import { serve } from '../harness/remote.js';

const SUBJECT = 'bench';

/** The floor of the feed: bare subscribers, each with a connection of its own. */
export interface Subscribers {
  start(argument: { url: string; count: number }): Promise<void>;
  /** Waits until every subscriber has had so many messages; when each got its last one. */
  received(argument: { messages: number }): Promise<number[]>;
}

const subscribers: Arrivals[] = [];

serve<Subscribers>({
  async start({ url, count }) {
    for (let i = 0; i < count; i += 1) {
      const nats = await connect({ servers: url });
      const arrivals = new Arrivals();
      nats.subscribe(SUBJECT, { callback: () => arrivals.take() });
      subscribers.push(arrivals);
      await nats.flush();
    }
  },
  received: ({ messages }) => allArrived(subscribers, messages),
});
