import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { Env, IsListenAddress, IsNatsServers, type ListenAddress } from '#platform';
import { EdgeConfig } from '../../edge-agent/src/index.js';

/** Everything in one process: what each part needs, read once. */
export class StandaloneConfig extends EdgeConfig {
  @Env('UPGATE_HTTP')
  @IsListenAddress()
  http: ListenAddress = { host: '127.0.0.1', port: 8080 };

  @Env('UPGATE_GRPC')
  @IsListenAddress()
  grpc: ListenAddress = { host: '127.0.0.1', port: 50051 };

  @Env('UPGATE_STORE')
  @IsIn(['sqlite'], { message: 'must be sqlite' })
  store = 'sqlite';

  /** Absent: a nats-server of its own, as a child. */
  @Env('UPGATE_NATS')
  @IsOptional()
  @IsNatsServers()
  nats?: string[];

  /** Of that child, on loopback. */
  @Env('UPGATE_NATS_PORT')
  @Type(() => Number)
  @IsInt({ message: 'must be a port from 1 to 65535' })
  @Min(1, { message: 'must be a port from 1 to 65535' })
  @Max(65_535, { message: 'must be a port from 1 to 65535' })
  natsPort = 4222;
}
