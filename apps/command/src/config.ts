import { IsIn, IsOptional } from 'class-validator';
import { Env, IsListenAddress, IsName, IsNatsServers, type ListenAddress, type LogFormat } from '#platform';

/** Of the write side as a program of its own. */
export class CommandConfig {
  @Env('UPGATE_HTTP')
  @IsListenAddress()
  http: ListenAddress = { host: '127.0.0.1', port: 8080 };

  @Env('UPGATE_GRPC')
  @IsListenAddress()
  grpc: ListenAddress = { host: '127.0.0.1', port: 50051 };

  /** Of the log. */
  @Env('UPGATE_DATA')
  data = './data';

  @Env('UPGATE_STORE')
  @IsIn(['sqlite'], { message: 'must be sqlite' })
  store = 'sqlite';

  /** To ask a projection what the edges enforce. Absent: nothing is known of them. */
  @Env('UPGATE_NATS')
  @IsOptional()
  @IsNatsServers()
  nats?: string[];

  @Env('UPGATE_FLEET')
  @IsName()
  fleet = 'default';

  @Env('UPGATE_LOG')
  @IsIn(['pretty', 'json'], { message: 'must be pretty or json' })
  log: LogFormat = process.stdout.isTTY ? 'pretty' : 'json';
}
