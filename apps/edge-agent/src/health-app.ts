import { Module } from '@nestjs/common';
import { Registry } from 'prom-client';
import type { Logger } from 'pino';
import {
  addressOf,
  createHttpApp,
  HealthController,
  listening,
  Readiness,
  type ListenAddress,
} from '#platform';

@Module({})
class HealthModule {}

export interface HealthApp {
  address: ListenAddress;
  close(): Promise<void>;
}

/** Serves an agent's health and metrics on an address of their own. Throws CannotListen. */
export async function startHealthApp(
  { host, port }: ListenAddress,
  readiness: Readiness,
  metrics: Registry,
  logger: Logger,
): Promise<HealthApp> {
  const providers = [
    { provide: Readiness, useValue: readiness },
    { provide: Registry, useValue: metrics },
  ];
  const app = await createHttpApp(
    { module: HealthModule, controllers: [HealthController], providers },
    logger,
  );
  await listening('UPGATE_AGENT_HTTP', { host, port }, () => app.listen(port, host));
  return { address: addressOf(app), close: () => app.close() };
}
