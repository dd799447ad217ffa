import { IsOptional } from 'class-validator';
import {
  ApiConfig,
  configOf,
  Env,
  IsName,
  IsNatsServers,
  LogConfig,
  ProgramConfig,
  IsDuration,
  StopConfig,
} from '#platform';

class ReadModelConfig {
  /** Of this replica's read model. Absent: a folder in that of the data. */
  @Env('UPGATE_READ_MODEL')
  @IsOptional()
  readModel?: string;
}

/** What a rebuild of the read model needs to know. */
export class RebuildConfig extends configOf(ProgramConfig, LogConfig, ReadModelConfig) {}

/** Of the read side, whatever program it is part of. */
export class ReadSideConfig extends ReadModelConfig {
  /** For so long it may be behind the log and still be ready. */
  @Env('UPGATE_MAX_LAG')
  @IsDuration(100, 3_600_000)
  maxLagMs = 5_000;
}

/** Of a projection that runs as a program of its own. */
export class ProjectionConfig extends configOf(
  ProgramConfig,
  LogConfig,
  ReadSideConfig,
  ApiConfig,
  StopConfig,
) {
  @Env('UPGATE_NATS')
  @IsNatsServers()
  nats!: string[];

  @Env('UPGATE_FLEET')
  @IsName()
  fleet = 'default';
}
