export type {
  ActorJson,
  CommandAnswerJson,
  ConvergenceJson,
  EdgeJson,
  FieldErrorJson,
  HistoryItemJson,
  OpenConnectionsJson,
  ProblemJson,
  ResourceJson,
  WebsocketsJson,
} from './api.js';
export { PROTO_ROOT } from './proto-root.js';
