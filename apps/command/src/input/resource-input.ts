import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsObject,
  IsString,
  Length,
  Matches,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { INTEGRATIONS, type Integration } from '#domain';
import { Optional } from './optional.js';
import { IsWellFormed } from './well-formed.js';
import { ReasonInput, WebsocketsChoiceInput } from './websockets-input.js';

const MAX_HOSTNAME = 300;
const MAX_SECONDARY = 500;
const MAX_ORIGIN = 2_000;

const SECONDARY_HOSTNAMES = {
  type: String,
  isArray: true,
  maxItems: MAX_SECONDARY,
  example: ['*.chat.example.com'],
  description: 'More hostnames; a wildcard only as the whole leftmost label.',
};

export class CreateResourceInput extends ReasonInput {
  @ApiPropertyOptional({ example: 'chat', description: 'Made by the server if absent. Never given twice.' })
  @Optional()
  @IsResourceId()
  id?: string;

  @ApiPropertyOptional({ example: 'default', minLength: 1, maxLength: 64 })
  @IsString()
  @Length(1, 64)
  @IsWellFormed()
  account: string = 'default';

  @ApiProperty({ example: 'chat.example.com' })
  @IsString()
  @MaxLength(MAX_HOSTNAME)
  cname!: string;

  @ApiPropertyOptional({ ...SECONDARY_HOSTNAMES, default: [] })
  @IsArray()
  @ArrayMaxSize(MAX_SECONDARY)
  @IsString({ each: true })
  @MaxLength(MAX_HOSTNAME, { each: true })
  secondaryHostnames: string[] = [];

  @ApiProperty({ example: 'http://127.0.0.1:9000' })
  @IsString()
  @MaxLength(MAX_ORIGIN)
  origin!: string;

  @ApiProperty({
    enum: INTEGRATIONS,
    description:
      '`full`: created for the entire site, WebSockets on by default. `partial`: for static assets only, off by default.',
  })
  @IsIn(INTEGRATIONS, { message: `must be ${INTEGRATIONS.join(' or ')}` })
  integration!: Integration;

  @ApiPropertyOptional({
    type: WebsocketsChoiceInput,
    description: 'In place of the default of the integration.',
  })
  @Optional()
  @IsObject()
  @ValidateNested()
  @Type(() => WebsocketsChoiceInput)
  websockets?: WebsocketsChoiceInput;
}

/** What is left out stays as it is. */
export class ChangeResourceInput extends ReasonInput {
  @ApiPropertyOptional({ example: 'chat.example.com' })
  @Optional()
  @IsString()
  @MaxLength(MAX_HOSTNAME)
  cname?: string;

  @ApiPropertyOptional(SECONDARY_HOSTNAMES)
  @Optional()
  @IsArray()
  @ArrayMaxSize(MAX_SECONDARY)
  @IsString({ each: true })
  @MaxLength(MAX_HOSTNAME, { each: true })
  secondaryHostnames?: string[];

  @ApiPropertyOptional({ example: 'http://127.0.0.1:9000' })
  @Optional()
  @IsString()
  @MaxLength(MAX_ORIGIN)
  origin?: string;
}

export function IsResourceId(): PropertyDecorator {
  return Matches(/^[a-z0-9-]{1,64}$/, { message: 'must be 1 to 64 of a-z, 0-9 and "-"' });
}
