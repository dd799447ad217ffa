import { IsOptional } from 'class-validator';
import {
  ApiConfig,
  configOf,
  Env,
  IsName,
  IsNatsServers,
  LogConfig,
  ProgramConfig,
  StopConfig,
} from '#platform';

/** Of the write side as a program of its own. */
export class CommandConfig extends configOf(ProgramConfig, ApiConfig, StopConfig, LogConfig) {
  /** To ask a projection what the edges enforce. Absent: nothing is known of them. */
  @Env('UPGATE_NATS')
  @IsOptional()
  @IsNatsServers()
  nats?: string[];

  @Env('UPGATE_FLEET')
  @IsName()
  fleet = 'default';
}
