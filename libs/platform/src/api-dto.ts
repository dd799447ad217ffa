import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type {
  ActorJson,
  ConvergenceJson,
  FieldErrorJson,
  OpenConnectionsJson,
  ProblemJson,
  ResourceJson,
  WebsocketsJson,
} from '#contract';
import { ERRORS } from './error-table.js';

const POSITION = { example: '18', description: 'A position in the event log: a decimal number as text.' };

export class OpenConnectionsDto implements OpenConnectionsJson {
  @ApiProperty({
    enum: ['keep', 'drain', 'close'],
    description: 'What becomes of open connections when upgrades stop being allowed.',
  })
  mode!: 'keep' | 'drain' | 'close';

  @ApiPropertyOptional({ description: 'Only with `drain`: closed evenly over this time.', example: 30 })
  seconds?: number;
}

export class WebsocketsDto implements WebsocketsJson {
  @ApiProperty()
  enabled!: boolean;

  @ApiProperty({ enum: ['default', 'explicit'] })
  source!: 'default' | 'explicit';

  @ApiProperty({ type: OpenConnectionsDto })
  openConnections!: OpenConnectionsDto;
}

export class ResourceDto implements ResourceJson {
  @ApiProperty({ example: 'chat' })
  id!: string;

  @ApiProperty({ example: 'default' })
  account!: string;

  @ApiProperty({ example: 'chat.example.com' })
  cname!: string;

  @ApiProperty({ type: [String], example: ['*.chat.example.com'] })
  secondaryHostnames!: string[];

  @ApiProperty({ example: 'http://127.0.0.1:9000' })
  origin!: string;

  @ApiProperty({
    enum: ['full', 'partial'],
    description: '`full`: created for the entire site. `partial`: created for static assets only.',
  })
  integration!: 'full' | 'partial';

  @ApiProperty({ type: WebsocketsDto })
  websockets!: WebsocketsDto;

  @ApiProperty({ description: 'Counts the events of the resource from 1.', example: 1 })
  revision!: number;

  @ApiProperty(POSITION)
  position!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
}

export class NodeRefusalDto {
  @ApiProperty()
  node!: string;

  @ApiProperty()
  error!: string;
}

export class ConvergenceDto implements ConvergenceJson {
  @ApiProperty(POSITION)
  position!: string;

  @ApiProperty({ enum: ['applied', 'pending'] })
  status!: 'applied' | 'pending';

  @ApiProperty({ description: 'Live edge nodes: those heard within 15 s.' })
  required!: number;

  @ApiProperty({ description: 'Live edge nodes that enforce the position.' })
  applied!: number;

  @ApiProperty({ type: [NodeRefusalDto] })
  refused!: NodeRefusalDto[];

  @ApiProperty({ type: [String], description: 'At most 100 of the nodes waited for.' })
  missing!: string[];

  @ApiProperty({ description: 'Nodes not heard for 15 s.' })
  stale!: number;

  @ApiProperty({ description: 'Nodes that left on purpose.' })
  gone!: number;
}

export class ActorDto implements ActorJson {
  @ApiProperty({ example: 'alice' })
  id!: string;

  @ApiProperty({ example: 'user' })
  kind!: string;

  @ApiPropertyOptional({ example: '127.0.0.1' })
  address?: string;
}

export class FieldErrorDto implements FieldErrorJson {
  @ApiProperty({ example: 'cname' })
  field!: string;

  @ApiProperty({ description: 'What was given.', type: Object })
  value!: unknown;

  @ApiProperty({ description: 'What is allowed.' })
  message!: string;
}

export class ProblemDto implements ProblemJson {
  @ApiProperty({ example: 'urn:upgate:problem:resource_unknown' })
  type!: string;

  @ApiProperty()
  title!: string;

  @ApiProperty({ example: 404 })
  status!: number;

  @ApiProperty({ enum: Object.keys(ERRORS) })
  code!: string;

  @ApiProperty()
  detail!: string;

  @ApiPropertyOptional({ type: [FieldErrorDto] })
  errors?: FieldErrorDto[];

  @ApiPropertyOptional()
  requestId?: string;
}
