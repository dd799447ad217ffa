import { IsIn } from 'class-validator';
import { Env } from './config.js';
import { IsDuration, IsLogAddress } from './config-rules.js';
import { IsListenAddress, type ListenAddress } from './listen-address.js';
import type { LogFormat } from './logger.js';

/** The rest of a stop has to fit into 10 s too. */
const MAX_STOP_DELAY_MS = 5_000;

/** Of every program. */
export class ProgramConfig {
  @Env('UPGATE_LOG')
  @IsIn(['pretty', 'json'], { message: 'must be pretty or json' })
  log: LogFormat = process.stdout.isTTY ? 'pretty' : 'json';
}

/** Of a program that takes requests. */
export class ApiConfig {
  @Env('UPGATE_HTTP')
  @IsListenAddress()
  http: ListenAddress = { host: '127.0.0.1', port: 8080 };

  @Env('UPGATE_GRPC')
  @IsListenAddress()
  grpc: ListenAddress = { host: '127.0.0.1', port: 50051 };
}

/** Of a program that load balancers may send requests to. */
export class StopConfig {
  /** For how long it says that it is not ready before it stops. */
  @Env('UPGATE_STOP_DELAY')
  @IsDuration(0, MAX_STOP_DELAY_MS)
  stopDelayMs = 0;
}

/** Of a program that opens the event log. */
export class LogConfig {
  /** Folder of the log, if it is embedded. */
  @Env('UPGATE_DATA')
  data = './data';

  /** May hold a password. */
  @Env('UPGATE_STORE')
  @IsLogAddress()
  store = 'sqlite';
}
