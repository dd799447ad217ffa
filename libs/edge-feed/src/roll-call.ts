import { randomUUID } from 'node:crypto';
import { rollCallMessage } from '#contract';
import type { FeedConnection, FeedSubscription } from './connection.js';
import { subjectsOf } from './subjects.js';

interface FeedOf {
  connection: FeedConnection;
  fleet: string;
}

/** Asks every node for its status, which comes at some moment of the next second. */
export function callRoll({ connection, fleet }: FeedOf): void {
  connection.publish(subjectsOf(fleet).rollCall, rollCallMessage.encode({ replica: randomUUID() }));
}

/** Calls the listener with every head that the feed brings, those of this replica included: about once a second. */
export function onPulse({ connection, fleet }: FeedOf, listener: () => void): FeedSubscription {
  return connection.subscribe(subjectsOf(fleet).head, listener);
}
