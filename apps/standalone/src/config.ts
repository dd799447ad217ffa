import { Type } from 'class-transformer';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { ApiConfig, configOf, Env, IsNatsServers, LogConfig } from '#platform';
import { EdgeConfig } from '../../edge-agent/src/index.js';
import { ReadSideConfig } from '../../projection/src/index.js';

/** Everything in one process: what each part needs, read once. */
export class StandaloneConfig extends configOf(EdgeConfig, ApiConfig, LogConfig, ReadSideConfig) {
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
