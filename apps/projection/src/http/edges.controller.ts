import { Controller, Delete, Get, HttpCode, Param, Query, UseInterceptors } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ConvergenceJson, EdgeJson } from '#contract';
import { ApiError, ApiProblems, ConvergenceDto, requirePosition, ValidatedPipe } from '#platform';
import { Convergence } from '../edges/convergence.js';
import { EdgeRegistry } from '../edges/edge-registry.js';
import { ProjectionRunner } from '../fold/projection-runner.js';
import { awaitPosition } from '../queries/await-position.js';
import { ConvergenceParameters, ReadParameters } from '../queries/parameters.js';
import { ReadSide } from '../read-side.js';
import { ApiQueryAnswer } from './documentation.js';
import { PositionHeader } from './position-header.js';
import { EdgeListDto } from './response-dto.js';

@ApiTags('Edges')
@UseInterceptors(PositionHeader)
@Controller('v1')
export class EdgesController {
  constructor(
    private readonly runner: ProjectionRunner,
    private readonly registry: EdgeRegistry,
    private readonly convergence: Convergence,
    private readonly readSide: ReadSide,
  ) {}

  @Get('edges')
  @ApiOperation({ summary: 'The edge nodes and what each has applied' })
  @ApiQueryAnswer(EdgeListDto)
  async list(@Query(ValidatedPipe) parameters: ReadParameters): Promise<{ items: EdgeJson[] }> {
    await awaitPosition(this.runner, parameters);
    return { items: this.registry.list() };
  }

  @Delete('edges/:node')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Forget an edge node',
    description:
      'Every replica of the projection forgets it. A node that still runs is back with its next report.',
  })
  @ApiNoContentResponse()
  @ApiProblems('edge_unknown', 'shutting_down', 'internal')
  forget(@Param('node') node: string): void {
    if (!this.readSide.forget(node)) throw new ApiError('edge_unknown');
  }

  @Get('convergence/:position')
  @ApiOperation({
    summary: 'Wait until every live edge node enforces a position',
    description:
      'Answers at once when they do, else at the end of the time with the nodes that do not. ' +
      'With no live node nobody enforces anything: `pending`.',
  })
  @ApiQueryAnswer(ConvergenceDto)
  async wait(
    @Param('position') text: string,
    @Query(ValidatedPipe) { timeout }: ConvergenceParameters,
  ): Promise<ConvergenceJson> {
    return this.convergence.wait(requirePosition('position', text), timeout);
  }
}
