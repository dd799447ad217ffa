import { randomUUID } from 'node:crypto';
import { rosterRequestMessage, statusMessage } from '#contract';
import { FeedUnavailable, type FeedConnection, type FeedSubscription } from './connection.js';
import { Incoming } from './incoming.js';
import type { FeedLog } from './log.js';
import type { NodeStatus } from './messages.js';
import { subjectsOf } from './subjects.js';

const QUEUE = 'projection';
const TIMEOUT_MS = 2_000;

export interface RosterOptions {
  connection: FeedConnection;
  fleet: string;
  logger: FeedLog;
}

/** Tells replicas that join what the nodes have reported here: `live` gives the last status of each live one. */
export function serveRoster(
  { connection, fleet, logger }: RosterOptions,
  live: () => NodeStatus[],
): FeedSubscription {
  const incoming = new Incoming(logger);
  const subjects = subjectsOf(fleet);
  return connection.subscribe(
    subjects.roster,
    (message) => {
      const request = incoming.read(rosterRequestMessage, message);
      if (!request) return;
      const subject = subjects.rosterFor(request.replica);
      for (const status of live()) connection.publish(subject, statusMessage.encode(status));
      message.respond();
    },
    QUEUE,
  );
}

/** Asks one other replica for its live nodes. Resolves when all were told, or when there is no replica to ask. */
export async function fetchRoster(
  { connection, fleet, logger }: RosterOptions,
  tell: (status: NodeStatus) => void,
): Promise<void> {
  const incoming = new Incoming(logger);
  const subjects = subjectsOf(fleet);
  const replica = randomUUID();
  const subscription = connection.subscribe(subjects.rosterFor(replica), (message) => {
    const status = incoming.read(statusMessage, message);
    if (status) tell(status);
  });
  try {
    await connection.request(subjects.roster, rosterRequestMessage.encode({ replica }), TIMEOUT_MS);
  } catch (error) {
    if (!(error instanceof FeedUnavailable)) throw error;
  } finally {
    subscription.unsubscribe();
  }
}
