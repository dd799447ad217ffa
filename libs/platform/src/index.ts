export {
  ActorDto,
  ConvergenceDto,
  OpenConnectionsDto,
  ProblemDto,
  ResourceDto,
  WebsocketsDto,
} from './api-dto.js';
export { startApiApp, type ApiAppOptions } from './api-app.js';
export { ApiError, toProblem } from './api-error.js';
export { ApiProblems } from './api-problem.js';
export { ConfigInvalid, configOf, Env, parseConfig } from './config.js';
export { ApiConfig, LogConfig, ProgramConfig, StopConfig } from './config-parts.js';
export { parseDuration } from './duration.js';
export { asApiError, ErrorFilter, toGrpcError } from './error-filter.js';
export { ERRORS, type ErrorCode } from './error-table.js';
export { HealthController, Readiness } from './health.js';
export { addressOf, createHttpApp, requestIdOf } from './http-app.js';
export { registerFeedTraffic } from './observe/feed-metrics.js';
export { probeLog } from './observe/log-probe.js';
export { LogMetrics } from './observe/log-metrics.js';
export { createRegistry } from './observe/metrics.js';
export {
  childOf,
  formatTraceContext,
  parseTraceContext,
  type TraceContext,
} from './observe/trace-context.js';
export { tracedStore } from './observe/trace-store.js';
export { activeTracer, startTracing } from './observe/tracing.js';
export { NDJSON, TakesNdjson } from './ndjson.js';
export { setUpDocs } from './docs.js';
export { formatAddress, IsListenAddress, parseListenAddress, type ListenAddress } from './listen-address.js';
export { createLogger, NestLog, type LogFormat } from './logger.js';
export { invalidRequest, validated } from './validation.js';
export { renderResource } from './render-resource.js';
export { ValidatedPipe } from './validated-pipe.js';
export { InstanceRunning, lockInstance } from './instance-lock.js';
export { startNatsServer, type NatsServer, type NatsServerOptions } from './nats-server.js';
export { NatsServerUnavailable } from './nats-server-process.js';
export { stopWithParent } from './stop-with-parent.js';
export { CannotListen, listening } from './cannot-listen.js';
export { IsDuration, IsName, IsNatsServers } from './config-rules.js';
export { refuseArguments } from './refuse-arguments.js';
export { runProgram } from './run-program.js';
export { VERSION } from './version.js';
export { IsPosition, IsTimeout, parsePosition, requirePosition } from './parameter-rules.js';
export { fromWire, toWireConvergence, toWireResource, toWireWebsockets } from './wire.js';
