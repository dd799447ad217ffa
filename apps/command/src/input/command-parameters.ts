import { ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsInt, IsIP, Matches } from 'class-validator';
import { IsTimeout } from '#platform';
import { Optional } from './optional.js';
import { ReasonInput } from './websockets-input.js';

/** What the headers of HTTP, or the metadata of gRPC, say of a command. Fields are named as the headers are. */
export class CommandHeaders {
  @Optional()
  @IsIdempotencyKey()
  'idempotency-key'?: string;

  /** A revision. */
  @Transform(({ value }: { value: unknown }) => revisionOf(value))
  @Optional()
  @IsInt({ message: 'must be a revision in quotation marks, such as "7", or *' })
  'if-match'?: number;

  @Matches(/^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/, {
    message: 'must be 1 to 255 printable ASCII characters',
  })
  'upgate-actor' = 'anonymous';

  @Matches(/^[a-z0-9-]{1,32}$/, { message: 'must be 1 to 32 of a-z, 0-9 and "-"' })
  'upgate-actor-kind' = 'user';

  @Optional()
  @IsIP(undefined, { message: 'must be an IP address' })
  'upgate-actor-address'?: string;
}

export class WaitParameters {
  @ApiPropertyOptional({
    enum: ['applied'],
    description: 'Answer when every live edge node enforces the change, or at the end of the time.',
  })
  @Optional()
  @IsIn(['applied'], { message: 'must be applied' })
  wait?: 'applied';

  @ApiPropertyOptional({ type: String, default: '5s', description: 'How long to wait, at most 60s.' })
  @IsTimeout()
  timeout: number = 5_000;
}

/** Of a command that has no body. */
export class WaitAndReasonParameters extends IntersectionType(WaitParameters, ReasonInput) {}

/** Milliseconds; undefined: the answer is not to wait. */
export function waitMsOf({ wait, timeout }: WaitParameters): number | undefined {
  return wait === 'applied' ? timeout : undefined;
}

export function IsIdempotencyKey(): PropertyDecorator {
  return Matches(/^[\x21-\x7e]{1,255}$/, { message: 'must be 1 to 255 visible ASCII characters' });
}

/** `*` asks that there be a resource, which every command asks: as if nothing had been given. */
function revisionOf(value: unknown): unknown {
  if (value === '*') return undefined;
  const digits = typeof value === 'string' ? /^(?:"(\d{1,15})"|(\d{1,15}))$/.exec(value) : null;
  return digits ? Number(digits[1] ?? digits[2]) : value;
}
