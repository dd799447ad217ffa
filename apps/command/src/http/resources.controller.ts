import { Body, Controller, Delete, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { CommandAnswerJson } from '#contract';
import { ValidatedPipe } from '#platform';
import type { CommandContext } from '../commands/command-context.js';
import { Commands } from '../commands/commands.js';
import { WaitAndReasonParameters, WaitParameters } from '../input/command-parameters.js';
import { ChangeResourceInput, CreateResourceInput } from '../input/resource-input.js';
import { answered } from './answered.js';
import { ApiChange, ApiCommand, ApiCreate } from './documentation.js';
import { RequestContext } from './request-context.js';

@ApiTags('Resources')
@Controller('v1/resources')
export class ResourcesCommandController {
  constructor(private readonly commands: Commands) {}

  @Post()
  @ApiOperation({ summary: 'Create a CDN resource' })
  @ApiCreate()
  async create(
    @Body(ValidatedPipe) input: CreateResourceInput,
    @Query(ValidatedPipe) wait: WaitParameters,
    @RequestContext() context: CommandContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CommandAnswerJson> {
    const result = await this.commands.create(input, context);
    void reply.header('location', `/v1/resources/${result.answer.resource.id}`);
    return answered(this.commands, result, wait, reply);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change the hostnames or the origin; what is left out stays as it is' })
  @ApiChange()
  async change(
    @Param('id') id: string,
    @Body(ValidatedPipe) input: ChangeResourceInput,
    @Query(ValidatedPipe) wait: WaitParameters,
    @RequestContext() context: CommandContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CommandAnswerJson> {
    return answered(this.commands, await this.commands.change(id, input, context), wait, reply);
  }

  @Delete(':id')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Delete a CDN resource',
    description:
      'Answers with the resource as it last was. Its hostnames are free again; its id is not given again.',
  })
  @ApiCommand()
  async delete(
    @Param('id') id: string,
    @Query(ValidatedPipe) parameters: WaitAndReasonParameters,
    @RequestContext() context: CommandContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CommandAnswerJson> {
    const result = await this.commands.delete(id, parameters, context);
    return answered(this.commands, result, parameters, reply);
  }
}
