import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { CommandAnswerJson } from '#contract';
import { ConvergenceDto, ProblemDto, ResourceDto } from '#platform';

export class CommandAnswerDto implements CommandAnswerJson {
  @ApiProperty({ description: 'False: everything was so already.' })
  changed!: boolean;

  @ApiProperty({ example: 2, description: 'Of the resource, after the command.' })
  revision!: number;

  @ApiProperty({ example: '18', description: 'Of the last event of the resource in the log.' })
  position!: string;

  @ApiProperty({ type: ResourceDto })
  resource!: ResourceDto;

  @ApiPropertyOptional({ type: ConvergenceDto, description: 'With `wait=applied`.' })
  convergence?: ConvergenceDto;
}

export class BatchLineDto {
  @ApiPropertyOptional({ description: 'Of the item, from 0.' })
  index?: number;

  @ApiPropertyOptional({ example: 200, description: 'As if the item had been sent alone.' })
  status?: number;

  @ApiPropertyOptional({ type: CommandAnswerDto, description: 'When the item was accepted.' })
  answer?: CommandAnswerDto;

  @ApiPropertyOptional({ type: ProblemDto, description: 'When it was not.' })
  problem?: ProblemDto;

  @ApiPropertyOptional({
    type: ConvergenceDto,
    description: 'In the last line, with `wait=applied`: of all items.',
  })
  convergence?: ConvergenceDto;
}
