import { setTimeout as delay } from 'node:timers/promises';
import { Controller, Get, Header, Inject, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Registry } from 'prom-client';

/** Says why a part cannot do its work, or undefined when it can. */
export type ReadinessCheck = () => string | undefined | Promise<string | undefined>;

/** The parts that have to work for this program to be ready, by name; and those that it can do without for a while. */
export class Readiness {
  readonly #checks = new Map<string, ReadinessCheck>();
  readonly #watched = new Map<string, ReadinessCheck>();

  /** The names of all parts. */
  get parts(): string[] {
    return [...this.#checks.keys()];
  }

  add(part: string, check: ReadinessCheck): void {
    this.#checks.set(part, check);
  }

  /** A part whose trouble is told, but does not keep the program from being ready. */
  watch(part: string, check: ReadinessCheck): void {
    this.#watched.set(part, check);
  }

  /** Why not, by part; empty when ready. */
  problems(): Promise<Record<string, string>> {
    return whatFails(this.#checks);
  }

  /** The trouble of the parts that are watched only, by part. */
  warnings(): Promise<Record<string, string>> {
    return whatFails(this.#watched);
  }

  /** Not ready from now on. Resolves after so many milliseconds, by when load balancers have seen it. */
  async leave(ms: number): Promise<void> {
    this.add('program', () => 'it is stopping');
    await delay(ms);
  }
}

async function whatFails(checks: ReadonlyMap<string, ReadinessCheck>): Promise<Record<string, string>> {
  const found = await Promise.all([...checks].map(async ([part, check]) => [part, await check()] as const));
  return Object.fromEntries(found.filter((entry): entry is [string, string] => entry[1] !== undefined));
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
    const [problems, warnings] = await Promise.all([this.readiness.problems(), this.readiness.warnings()]);
    const ready = isEmpty(problems);
    await reply.status(ready ? 200 : 503).send({
      status: ready ? 'ok' : 'not ready',
      ...(!ready && { problems }),
      ...(!isEmpty(warnings) && { warnings }),
    });
  }

  @Get('metrics')
  @Header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
  metricsText(): Promise<string> {
    return this.metrics.metrics();
  }
}

function isEmpty(record: object): boolean {
  return Object.keys(record).length === 0;
}
