import { IsIn, IsOptional } from 'class-validator';
import { Env, IsListenAddress, IsName, IsNatsServers, type ListenAddress, type LogFormat } from '#platform';

/** What a rebuild of the read model needs to know. */
export class RebuildConfig {
  /** Of the log, and of the read model unless it has a folder of its own. */
  @Env('UPGATE_DATA')
  data = './data';

  /** Of this replica's read model. Absent: a folder in that of the data. */
  @Env('UPGATE_READ_MODEL')
  @IsOptional()
  readModel?: string;

  @Env('UPGATE_STORE')
  @IsIn(['sqlite'], { message: 'must be sqlite' })
  store = 'sqlite';

  @Env('UPGATE_LOG')
  @IsIn(['pretty', 'json'], { message: 'must be pretty or json' })
  log: LogFormat = process.stdout.isTTY ? 'pretty' : 'json';
}

/** Of a projection that runs as a program of its own. */
export class ProjectionConfig extends RebuildConfig {
  @Env('UPGATE_HTTP')
  @IsListenAddress()
  http: ListenAddress = { host: '127.0.0.1', port: 8080 };

  @Env('UPGATE_GRPC')
  @IsListenAddress()
  grpc: ListenAddress = { host: '127.0.0.1', port: 50051 };

  @Env('UPGATE_NATS')
  @IsNatsServers()
  nats!: string[];

  @Env('UPGATE_FLEET')
  @IsName()
  fleet = 'default';
}
