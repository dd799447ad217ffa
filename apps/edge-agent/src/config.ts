import { hostname } from 'node:os';
import { Matches } from 'class-validator';
import {
  configOf,
  Env,
  IsDuration,
  IsListenAddress,
  IsName,
  IsNatsServers,
  ProgramConfig,
  StopConfig,
  type ListenAddress,
} from '#platform';

const NODE = /^[\w:-][\w.:-]{0,127}$/;
const SECOND = 1_000;
const HOUR = 3_600_000;

/** What an edge agent needs to know wherever it runs. */
export class EdgeConfig extends configOf(ProgramConfig, StopConfig) {
  /** Where the proxy listens for the clients of the CDN. */
  @Env('UPGATE_EDGE')
  @IsListenAddress()
  edge: ListenAddress = { host: '127.0.0.1', port: 8088 };

  /** Health and metrics. */
  @Env('UPGATE_AGENT_HTTP')
  @IsListenAddress()
  agentHttp: ListenAddress = { host: '127.0.0.1', port: 8090 };

  @Env('UPGATE_DATA')
  data = './data';

  @Env('UPGATE_FLEET')
  @IsName()
  fleet = 'default';

  @Env('UPGATE_NODE')
  @Matches(NODE, { message: 'must be 1 to 128 letters, digits, "-", "_", ":" and ".", not led by "."' })
  node = hostname();

  @Env('UPGATE_REGION')
  @IsName()
  region = 'local';

  @Env('UPGATE_RING')
  @IsName()
  ring = 'default';

  @Env('UPGATE_CONNECT_TIMEOUT')
  @IsDuration(1, HOUR)
  connectMs = 5 * SECOND;

  @Env('UPGATE_HANDSHAKE_TIMEOUT')
  @IsDuration(1, HOUR)
  handshakeMs = 10 * SECOND;

  @Env('UPGATE_HTTP_IDLE_TIMEOUT')
  @IsDuration(1, HOUR)
  httpIdleMs = 60 * SECOND;
}

/** Of an edge agent that runs as a program of its own. */
export class EdgeAgentConfig extends EdgeConfig {
  @Env('UPGATE_NATS')
  @IsNatsServers()
  nats!: string[];
}
