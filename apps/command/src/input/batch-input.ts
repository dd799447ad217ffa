import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, Max, Min } from 'class-validator';
import { IsIdempotencyKey } from './command-parameters.js';
import { Optional } from './optional.js';
import { CreateResourceInput, IsResourceId } from './resource-input.js';
import { SetWebsocketsInput } from './websockets-input.js';

export class SetWebsocketsItem extends SetWebsocketsInput {
  @ApiProperty({ example: 'chat' })
  @IsResourceId()
  id!: string;

  @ApiPropertyOptional({ description: 'As the header `Idempotency-Key` of a command sent alone.' })
  @Optional()
  @IsIdempotencyKey()
  idempotencyKey?: string;

  @ApiPropertyOptional({ minimum: 1, description: 'As the header `If-Match` of a command sent alone.' })
  @Optional()
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  ifMatch?: number;
}

export class CreateResourceItem extends CreateResourceInput {
  @ApiPropertyOptional({ description: 'As the header `Idempotency-Key` of a command sent alone.' })
  @Optional()
  @IsIdempotencyKey()
  idempotencyKey?: string;
}
