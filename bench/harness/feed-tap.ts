import { connect, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { subjectsOf } from '#edge-feed';
import type { NatsServer } from '../../test/support/nats.js';

/** Takes down the changes of the feed as they pass, so that a floor can carry the same bytes. */
export class FeedTap {
  #messages: Uint8Array[] = [];

  private constructor(private readonly connection: NatsConnection) {
    const keep = (_: unknown, { data }: Msg) => void this.#messages.push(data);
    connection.subscribe(subjectsOf('bench').change, { callback: keep });
  }

  static async open({ url }: NatsServer, stack: AsyncDisposableStack): Promise<FeedTap> {
    const connection = await connect({ servers: url });
    stack.defer(() => connection.close());
    const tap = new FeedTap(connection);
    await connection.flush();
    return tap;
  }

  /** What has passed since the last time this was asked. */
  async taken(): Promise<Uint8Array[]> {
    await this.connection.flush();
    return this.#messages.splice(0);
  }
}
