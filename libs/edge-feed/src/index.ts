export {
  connectFeed,
  FeedUnavailable,
  type FeedConnection,
  type FeedConnectionOptions,
  type FeedSubscription,
  type FeedTraffic,
} from './connection.js';
export { parseServers } from './servers.js';
export {
  FeedPublisher,
  PREFERRED_CHANGE_BYTES,
  type FeedPublisherOptions,
  type PublisherCounts,
} from './publisher.js';
export { type EncodedSnapshot, type FeedSource } from './feed-source.js';
export { requestConvergence, serveConvergence, type ConvergenceServerOptions } from './convergence.js';
export { callRoll, onPulse } from './roll-call.js';
export { fetchRoster, serveRoster } from './roster.js';
export { FeedClient, type FeedClientOptions, type FeedState, type NodeDescription } from './client.js';
export { type FeedHandler, type Outcome } from './feed-handler.js';
export { sizeOfChange, type FeedChange, type NodeStatus } from './messages.js';
export { type FeedTrace } from './trace.js';
export { type At } from './ordering.js';
export { type FeedLog } from './log.js';
export { subjectsOf, type Subjects } from './subjects.js';
