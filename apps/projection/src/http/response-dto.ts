import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { EdgeJson, HistoryItemJson, LagJson } from '#contract';
import { ActorDto, ResourceDto, WebsocketsDto } from '#platform';

const NEXT = {
  type: String,
  nullable: true,
  description: 'The `cursor` of the next page; null: this is the last.',
};
const POSITION = { example: '18', description: 'A position in the event log: a decimal number as text.' };

export class ResourceListDto {
  @ApiProperty({ type: [ResourceDto] })
  items!: ResourceDto[];

  @ApiProperty(NEXT)
  next!: string | null;
}

export class WebsocketsAtDto extends WebsocketsDto {
  @ApiProperty({ description: 'Of the event that made it so.' })
  revision!: number;

  @ApiProperty({ ...POSITION, description: 'Of the event that made it so.' })
  position!: string;
}

export class HistoryItemDto implements HistoryItemJson {
  @ApiProperty(POSITION)
  position!: string;

  @ApiProperty({ example: 2 })
  revision!: number;

  @ApiProperty({ example: 'chat' })
  resource!: string;

  @ApiProperty({ example: 'WebsocketsDisabled' })
  type!: string;

  @ApiProperty({ format: 'date-time' })
  time!: string;

  @ApiProperty({ type: ActorDto })
  actor!: ActorDto;

  @ApiProperty({ type: String, nullable: true })
  reason!: string | null;

  @ApiProperty({ type: ResourceDto, nullable: true, description: 'Null: there was none.' })
  before!: ResourceDto | null;

  @ApiProperty({ type: ResourceDto, nullable: true, description: 'Null: it has been deleted.' })
  after!: ResourceDto | null;

  @ApiProperty({ description: 'The `X-Request-Id` of the command.' })
  requestId!: string;
}

export class HistoryDto {
  @ApiProperty({ type: [HistoryItemDto], description: 'Newest first.' })
  items!: HistoryItemDto[];

  @ApiProperty(NEXT)
  next!: string | null;
}

export class LagDto implements LagJson {
  @ApiProperty({
    example: 0,
    description: 'Changes of the log that the node has yet to apply: all, if it has none of this log.',
  })
  changes!: number;

  @ApiProperty({
    example: 0,
    description: 'Since the first of these changes was recorded; the clock of the node has no part in it.',
  })
  seconds!: number;
}

export class EdgeDto implements EdgeJson {
  @ApiProperty({ example: 'edge-1' })
  node!: string;

  @ApiProperty({
    example: 1,
    description:
      'Live agents that report under this name. More than one: they need names of their own; the rest is said of the one furthest behind, and only what all have applied counts.',
  })
  instances!: number;

  @ApiProperty()
  region!: string;

  @ApiProperty()
  ring!: string;

  @ApiProperty({
    enum: ['live', 'stale', 'gone'],
    description: '`stale`: not heard for 15 s during which the feed was there. `gone`: it left on purpose.',
  })
  state!: 'live' | 'stale' | 'gone';

  @ApiProperty({ description: 'Of the log whose settings it has; empty: it has none yet.' })
  epoch!: string;

  @ApiProperty({ ...POSITION, description: 'Applied: enforced on this node.' })
  position!: string;

  @ApiProperty({ description: 'Of all settings it has.' })
  digest!: string;

  @ApiProperty({
    enum: ['same', 'behind', 'differs', 'ahead'],
    description: 'How its settings compare with the control plane’s.',
  })
  verdict!: 'same' | 'behind' | 'differs' | 'ahead';

  @ApiProperty({ type: LagDto })
  lag!: LagDto;

  @ApiProperty({ example: 'builtin' })
  enforcer!: string;

  @ApiProperty({ example: '0.1.0' })
  version!: string;

  @ApiProperty()
  openConnections!: number;

  @ApiPropertyOptional({ description: 'Why it refused the last change: it keeps the last good policy.' })
  error?: string;

  @ApiProperty({ format: 'date-time' })
  lastSeen!: string;
}

export class EdgeListDto {
  @ApiProperty({ type: [EdgeDto] })
  items!: EdgeDto[];
}
