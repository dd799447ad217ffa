import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsIn, IsOptional, IsString, MaxLength, ValidateBy } from 'class-validator';
import { INTEGRATIONS, type Integration } from '#domain';
import { IsPosition, IsTimeout } from '#platform';

/** A day, in UTC, or a time that names its zone. */
const TIME = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/;
const DAY_LENGTH = '2026-01-31'.length;
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/** Every query may ask to be answered no earlier than the read model has reached a position. */
export class ReadParameters {
  @ApiPropertyOptional({
    type: String,
    example: '18',
    description:
      'Answer once the read model has reached this position: a client that gives the position of its own command reads its own write.',
  })
  @IsOptional()
  @IsPosition()
  after?: bigint;

  @ApiPropertyOptional({
    type: String,
    default: '5s',
    description: 'How long to wait for `after`, at most 60s; then the answer is `read_model_behind`.',
  })
  @IsTimeout()
  timeout: number = 5_000;
}

export class PageParameters extends ReadParameters {
  @ApiPropertyOptional({ description: '`next` of the page before.' })
  @IsOptional()
  @IsString()
  cursor?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT })
  @Transform(({ value }: { value: unknown }) => numberOf(value))
  @ValidateBy({
    name: 'isLimit',
    validator: { validate: isLimit, defaultMessage: () => `must be a whole number from 1 to ${MAX_LIMIT}` },
  })
  limit: number = DEFAULT_LIMIT;
}

export class ListParameters extends PageParameters {
  @ApiPropertyOptional({
    example: 'chat.example.com',
    description:
      'Only the resource that serves this hostname, as an edge would find it: the exact name, else the longest wildcard.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(300)
  hostname?: string;

  @ApiPropertyOptional({
    type: String,
    enum: ['on', 'off', 'true', 'false'],
    description: 'Only those where WebSockets are on, or off.',
  })
  @Transform(({ value }: { value: unknown }) => switchOf(value))
  @IsOptional()
  @IsBoolean({ message: 'must be on, off, true or false' })
  websockets?: boolean;

  @ApiPropertyOptional({ example: 'default' })
  @IsOptional()
  @IsString()
  account?: string;

  @ApiPropertyOptional({ enum: INTEGRATIONS })
  @IsOptional()
  @IsIn(INTEGRATIONS, { message: `must be ${INTEGRATIONS.join(' or ')}` })
  integration?: Integration;
}

export class WebsocketsParameters extends ReadParameters {
  @ApiPropertyOptional({
    description: 'As it was then: an ISO 8601 time, or a position.',
    examples: { time: { value: '2026-01-31T12:00:00Z' }, position: { value: '18' } },
  })
  @IsOptional()
  @IsString()
  at?: string;
}

export class AuditParameters extends PageParameters {
  @ApiPropertyOptional({ example: 'alice' })
  @IsOptional()
  @IsString()
  actor?: string;

  @ApiPropertyOptional({ example: 'WebsocketsDisabled', description: 'A type of event.' })
  @IsOptional()
  @IsString()
  type?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Not before this time.' })
  @IsTime()
  from?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Before this time.' })
  @IsTime()
  to?: string;

  @ApiPropertyOptional({ description: 'The id of a resource.' })
  @IsOptional()
  @IsString()
  resource?: string;
}

export class ConvergenceParameters {
  @ApiPropertyOptional({ type: String, default: '5s', description: 'How long to wait, at most 60s.' })
  @IsTimeout()
  timeout: number = 5_000;
}

export class StreamParameters {
  @ApiPropertyOptional({
    type: String,
    example: '18',
    description: 'Begin with what changed after this position; without it with what changes from now on.',
  })
  @IsOptional()
  @IsPosition()
  after?: bigint;
}

/** A time as the log has it: ISO 8601 in UTC with milliseconds; undefined if the text is none. */
export function parseTime(text: string): string | undefined {
  const time = TIME.test(text) && isDay(text.slice(0, DAY_LENGTH)) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}

/** `Date` takes the 31st of November for the 1st of December. */
function isDay(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function IsTime(): PropertyDecorator {
  return (target, property) => {
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' ? (parseTime(value) ?? value) : value,
    )(target, property);
    IsOptional()(target, property);
    ValidateBy({
      name: 'isTime',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && parseTime(value) === value,
        defaultMessage: () => 'must be an ISO 8601 time, such as 2026-01-31T12:00:00Z',
      },
    })(target, property);
  };
}

function isLimit(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_LIMIT;
}

function numberOf(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
}

const SWITCH: Readonly<Record<string, boolean>> = { on: true, true: true, off: false, false: false };

function switchOf(value: unknown): unknown {
  return typeof value === 'string' ? (SWITCH[value] ?? value) : value;
}
