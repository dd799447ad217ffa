import { Body, Controller, Delete, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { CommandAnswerJson } from '#contract';
import { ValidatedPipe } from '#platform';
import type { CommandContext } from '../commands/command-context.js';
import { Commands } from '../commands/commands.js';
import { WaitAndReasonParameters, WaitParameters } from '../input/command-parameters.js';
import { RevertWebsocketsInput, SetWebsocketsInput } from '../input/websockets-input.js';
import { answered } from './answered.js';
import { ApiCommand } from './documentation.js';
import { RequestContext } from './request-context.js';

@ApiTags('WebSockets')
@Controller('v1/resources/:id')
export class WebsocketsCommandController {
  constructor(private readonly commands: Commands) {}

  @Put('websockets')
  @ApiOperation({ summary: 'Switch the WebSockets of a CDN resource on or off' })
  @ApiCommand()
  async set(
    @Param('id') id: string,
    @Body(ValidatedPipe) input: SetWebsocketsInput,
    @Query(ValidatedPipe) wait: WaitParameters,
    @RequestContext() context: CommandContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CommandAnswerJson> {
    return answered(this.commands, await this.commands.setWebsockets(id, input, context), wait, reply);
  }

  @Delete('websockets')
  @HttpCode(200)
  @ApiOperation({ summary: 'Back to the default: on for the integration `full`, off for `partial`' })
  @ApiCommand()
  async reset(
    @Param('id') id: string,
    @Query(ValidatedPipe) parameters: WaitAndReasonParameters,
    @RequestContext() context: CommandContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CommandAnswerJson> {
    const result = await this.commands.resetWebsockets(id, parameters, context);
    return answered(this.commands, result, parameters, reply);
  }

  @Post('websockets::revert')
  @HttpCode(200)
  @ApiOperation({ summary: 'Back to the policy that was in force at an earlier revision' })
  @ApiCommand('revision_unknown')
  async revert(
    @Param('id') id: string,
    @Body(ValidatedPipe) input: RevertWebsocketsInput,
    @Query(ValidatedPipe) wait: WaitParameters,
    @RequestContext() context: CommandContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CommandAnswerJson> {
    return answered(this.commands, await this.commands.revertWebsockets(id, input, context), wait, reply);
  }
}
