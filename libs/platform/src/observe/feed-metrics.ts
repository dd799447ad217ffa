import { Counter, type Registry } from 'prom-client';
import type { FeedTraffic } from '#edge-feed';

/** Counts the messages of a connection to NATS and the bytes in them, as `<prefix>_feed_..._total`. */
export function registerFeedTraffic(registry: Registry, prefix: string, read: () => FeedTraffic): void {
  for (const unit of ['messages', 'bytes'] as const)
    new Counter({
      name: `${prefix}_feed_${unit}_total`,
      help: `Of the connection to NATS: ${unit === 'bytes' ? 'bytes in the messages' : 'messages'}, by direction`,
      labelNames: ['direction'],
      registers: [registry],
      collect() {
        const { sent, received } = read();
        this.reset();
        this.inc({ direction: 'sent' }, sent[unit]);
        this.inc({ direction: 'received' }, received[unit]);
      },
    });
}
