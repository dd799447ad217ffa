import { IsIn } from 'class-validator';
import { Env } from './config.js';
import { IsLogAddress } from './config-rules.js';
import { IsListenAddress, type ListenAddress } from './listen-address.js';
import type { LogFormat } from './logger.js';

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
