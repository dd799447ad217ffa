import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsString,
  Max,
  MaxLength,
  Min,
  ValidateBy,
  ValidateNested,
} from 'class-validator';
import { DEFAULT_OPEN_CONNECTIONS, OPEN_CONNECTIONS_MODES, type OpenConnections } from '#domain';
import { Optional } from './optional.js';
import { IsWellFormed } from './well-formed.js';

const MAX_SECONDS = 86_400;

export class OpenConnectionsInput {
  @ApiProperty({
    enum: OPEN_CONNECTIONS_MODES,
    description: 'What becomes of open connections when upgrades stop being allowed.',
  })
  @IsIn(OPEN_CONNECTIONS_MODES, { message: `must be one of ${OPEN_CONNECTIONS_MODES.join(', ')}` })
  mode!: OpenConnections['mode'];

  @ApiPropertyOptional({
    minimum: 0,
    maximum: MAX_SECONDS,
    default: 30,
    description: 'Only with `drain`: closed evenly over this time.',
  })
  @Optional()
  @IsOnlyWithDrain()
  @IsInt()
  @Min(0)
  @Max(MAX_SECONDS)
  seconds?: number;
}

export class WebsocketsChoiceInput {
  @ApiProperty()
  @IsBoolean()
  enabled!: boolean;

  @ApiPropertyOptional({ type: OpenConnectionsInput, description: 'Without it: drained over 30 s.' })
  @Optional()
  @IsObject()
  @ValidateNested()
  @Type(() => OpenConnectionsInput)
  openConnections?: OpenConnectionsInput;
}

/** Any command may say why. */
export class ReasonInput {
  @ApiPropertyOptional({ maxLength: 1000, example: 'abuse', description: 'Why: kept in the history.' })
  @Optional()
  @IsString()
  @MaxLength(1000)
  @IsWellFormed()
  reason?: string;
}

export class SetWebsocketsInput extends IntersectionType(WebsocketsChoiceInput, ReasonInput) {}

export class RevertWebsocketsInput extends ReasonInput {
  @ApiProperty({
    minimum: 1,
    example: 7,
    description: 'Back to the policy that was in force right after this revision.',
  })
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  revision!: number;
}

/** A switch as the domain has it. */
export function toChoice({ enabled, openConnections }: WebsocketsChoiceInput): {
  enabled: boolean;
  openConnections?: OpenConnections;
} {
  return { enabled, ...(openConnections && { openConnections: toOpenConnections(openConnections) }) };
}

function toOpenConnections({ mode, seconds }: OpenConnectionsInput): OpenConnections {
  if (mode !== 'drain') return { mode };
  return seconds === undefined ? DEFAULT_OPEN_CONNECTIONS : { mode, seconds };
}

function IsOnlyWithDrain(): PropertyDecorator {
  return ValidateBy({
    name: 'isOnlyWithDrain',
    validator: {
      validate: (_seconds, args) => (args?.object as OpenConnectionsInput | undefined)?.mode === 'drain',
      defaultMessage: () => 'may be given with the mode drain only',
    },
  });
}
