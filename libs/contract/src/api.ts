/** The JSON of the HTTP interface. Positions are decimal strings, times ISO 8601 in UTC. */

export interface OpenConnectionsJson {
  mode: 'keep' | 'drain' | 'close';
  /** Only with `drain`. */
  seconds?: number;
}

export interface WebsocketsJson {
  enabled: boolean;
  source: 'default' | 'explicit';
  openConnections: OpenConnectionsJson;
}

export interface ResourceJson {
  id: string;
  account: string;
  cname: string;
  secondaryHostnames: string[];
  origin: string;
  integration: 'full' | 'partial';
  websockets: WebsocketsJson;
  revision: number;
  position: string;
  createdAt: string;
  updatedAt: string;
}

export interface ConvergenceJson {
  position: string;
  status: 'applied' | 'pending';
  /** Live nodes. */
  required: number;
  applied: number;
  refused: { node: string; error: string }[];
  /** At most 100 of the nodes waited for. */
  missing: string[];
  stale: number;
  gone: number;
}

export interface CommandAnswerJson {
  changed: boolean;
  revision: number;
  position: string;
  resource: ResourceJson;
  convergence?: ConvergenceJson;
}

export interface ActorJson {
  id: string;
  kind: string;
  address?: string;
}

export interface HistoryItemJson {
  position: string;
  revision: number;
  resource: string;
  type: string;
  time: string;
  actor: ActorJson;
  reason: string | null;
  before: ResourceJson | null;
  after: ResourceJson | null;
  requestId: string;
}

/** How far a node is behind the head of the log: by nothing when it is there, by everything when it has another log. */
export interface LagJson {
  changes: number;
  /** Since the first of these changes was recorded. */
  seconds: number;
}

export interface EdgeJson {
  node: string;
  /** Live agents that report under this name: the rest is said of the one furthest behind. */
  instances: number;
  region: string;
  ring: string;
  state: 'live' | 'stale' | 'gone';
  epoch: string;
  position: string;
  digest: string;
  verdict: 'same' | 'behind' | 'differs' | 'ahead';
  lag: LagJson;
  enforcer: string;
  version: string;
  openConnections: number;
  error?: string;
  lastSeen: string;
}

export interface FieldErrorJson {
  field: string;
  value: unknown;
  message: string;
}

/** RFC 9457. */
export interface ProblemJson {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  errors?: FieldErrorJson[];
  requestId?: string;
}
