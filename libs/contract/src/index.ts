export type {
  ActorJson,
  CommandAnswerJson,
  ConvergenceJson,
  EdgeJson,
  FieldErrorJson,
  HistoryItemJson,
  LagJson,
  OpenConnectionsJson,
  ProblemJson,
  ResourceJson,
  WebsocketsJson,
} from './api.js';
export { PROTO_ROOT } from './proto-root.js';
export { MessageInvalid } from './message-invalid.js';
export {
  changeMessage,
  chunkAnswerMessage,
  chunkRequestMessage,
  convergenceAnswerMessage,
  convergenceRequestMessage,
  forgetMessage,
  headMessage,
  rollCallMessage,
  rosterRequestMessage,
  statusMessage,
  syncAnswerMessage,
  syncRequestMessage,
  type FeedMessage,
} from './feed.js';
export {
  CHANGE_VERSION,
  CHUNK_BYTES,
  MAX_ERROR_LENGTH,
  MAX_MESSAGE_BYTES,
  MAX_NAME_LENGTH,
  MAX_NODES_NAMED,
  MAX_RETRY_AFTER_MS,
  MAX_STATUS_WITHIN_MS,
} from './feed-limits.js';
export {
  OpenConnections as WireOpenConnections,
  type Change as ChangeMessage,
  type ChunkAnswer as ChunkAnswerMessage,
  type ChunkRequest as ChunkRequestMessage,
  type ConvergenceAnswer as ConvergenceAnswerMessage,
  type EntryChange as EntryChangeMessage,
  type Head as HeadMessage,
  type Removal as RemovalMessage,
  type SnapshotOffer,
  type Status as StatusMessage,
  type SyncAnswer as SyncAnswerMessage,
  type SyncRequest as SyncRequestMessage,
} from './generated/upgate/feed/v1/feed.js';
export {
  Integration as WireIntegration,
  OpenConnectionsMode as WireOpenConnectionsMode,
  PolicySource as WirePolicySource,
  type Resource as WireResource,
  type Websockets as WireWebsockets,
} from './generated/upgate/v1/resource.js';
export {
  ConvergenceStatus as WireConvergenceStatus,
  type BatchAnswer as WireBatchAnswer,
  type BatchCreateResourcesRequest as WireBatchCreateResourcesRequest,
  type BatchSetWebsocketsRequest as WireBatchSetWebsocketsRequest,
  type ChangeResourceRequest as WireChangeResourceRequest,
  type CommandAnswer as WireCommandAnswer,
  type Convergence as WireConvergence,
  type CreateResourceRequest as WireCreateResourceRequest,
  type DeleteResourceRequest as WireDeleteResourceRequest,
  type ResetWebsocketsRequest as WireResetWebsocketsRequest,
  type RevertWebsocketsRequest as WireRevertWebsocketsRequest,
  type SetWebsocketsRequest as WireSetWebsocketsRequest,
  type WebsocketsChoice as WireWebsocketsChoice,
} from './generated/upgate/v1/command_service.js';
export {
  EdgeState as WireEdgeState,
  Verdict as WireVerdict,
  type Edge as WireEdge,
  type GetWebsocketsResponse as WireGetWebsocketsResponse,
  type ListEdgesResponse as WireListEdgesResponse,
  type ListResourcesResponse as WireListResourcesResponse,
  type WatchSettingsResponse as WireWatchSettingsResponse,
} from './generated/upgate/v1/query_service.js';
export {
  type HistoryItem as WireHistoryItem,
  type ListHistoryResponse as WireListHistoryResponse,
} from './generated/upgate/v1/audit_service.js';
