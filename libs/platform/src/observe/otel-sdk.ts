import { setTimeout as delay } from 'node:timers/promises';
import { context, diag, DiagLogLevel, type DiagLogger, type Tracer } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  detectResources,
  envDetector,
  resourceFromAttributes,
  type Resource,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Logger } from 'pino';
import { ConfigInvalid } from '../config.js';
import { VERSION } from '../version.js';
import { samplerOf } from './otel-sampler.js';

const EXPORT_EVERY_MS = 1_000;
const LAST_EXPORT_MS = 2_000;
const COMPLAIN_EVERY_MS = 60_000;
const PROTOCOL = 'http/protobuf';

/**
 * OpenTelemetry's SDK, set up as its environment variables say. Spans wait for the collector in a queue that is bounded:
 * while the collector is away, those that do not fit are dropped.
 */
export function startSdk(service: string, logger: Logger): { tracer: Tracer; stop(): Promise<void> } {
  requireProtocol(process.env);
  const sampler = samplerOf(process.env);
  diag.setLogger(seldom(logger), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const exporter = new OTLPTraceExporter();
  const provider = new TracerProvider({
    sampler,
    resource: resourceOf(service),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: EXPORT_EVERY_MS })],
  });
  const contexts = new AsyncLocalStorageContextManager().enable();
  context.setGlobalContextManager(contexts);
  const stop = async () => {
    await Promise.race([
      provider.shutdown().catch(() => undefined),
      delay(LAST_EXPORT_MS, undefined, { ref: false }),
    ]);
    context.disable();
    diag.disable();
  };
  return { tracer: provider.getTracer('upgate', VERSION), stop };
}

function requireProtocol(env: NodeJS.ProcessEnv): void {
  for (const variable of ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL']) {
    const protocol = env[variable] || PROTOCOL;
    if (protocol !== PROTOCOL)
      throw new ConfigInvalid(
        `The configuration is not valid.\n  ${variable}=${JSON.stringify(protocol)}: must be ${PROTOCOL}`,
      );
  }
}

/** OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word. */
function resourceOf(service: string): Resource {
  return resourceFromAttributes({ 'service.name': service, 'service.version': VERSION }).merge(
    detectResources({ detectors: [envDetector] }),
  );
}

/** A collector that is away is worth a line now and then, not one for each export. */
function seldom(logger: Logger): DiagLogger {
  let quietUntil = 0;
  const complain = (reason: string) => {
    if (performance.now() < quietUntil) return;
    quietUntil = performance.now() + COMPLAIN_EVERY_MS;
    logger.warn({ reason }, 'traces cannot be sent: spans are dropped');
  };
  const silent = () => undefined;
  return { error: complain, warn: complain, info: silent, debug: silent, verbose: silent };
}
