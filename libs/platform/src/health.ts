import { Controller, Get, Header, Inject, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Registry } from 'prom-client';

/** Says why a part cannot do its work, or undefined when it can. */
export type ReadinessCheck = () => string | undefined;

/** The parts that have to work for this program to be ready, by name. */
export class Readiness {
  readonly #checks = new Map<string, ReadinessCheck>();

  /** The names of all parts. */
  get parts(): string[] {
    return [...this.#checks.keys()];
  }

  add(part: string, check: ReadinessCheck): void {
    this.#checks.set(part, check);
  }

  /** Why not, by part; empty when ready. */
  problems(): Record<string, string> {
    const found = [...this.#checks].map(([part, check]) => [part, check()] as const);
    return Object.fromEntries(found.filter((entry): entry is [string, string] => entry[1] !== undefined));
  }
}

/** `GET /livez`: the process answers. `GET /readyz`: it can do its work, or why not. `GET /metrics`: Prometheus. */
@ApiExcludeController()
@Controller()
export class HealthController {
  constructor(
    @Inject(Readiness) private readonly readiness: Readiness,
    @Inject(Registry) private readonly metrics: Registry,
  ) {}

  @Get('livez')
  livez(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('readyz')
  async readyz(@Res() reply: FastifyReply): Promise<void> {
    const problems = this.readiness.problems();
    const ready = Object.keys(problems).length === 0;
    await reply
      .status(ready ? 200 : 503)
      .send({ status: ready ? 'ok' : 'not ready', ...(!ready && { problems }) });
  }

  @Get('metrics')
  @Header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
  metricsText(): Promise<string> {
    return this.metrics.metrics();
  }
}
