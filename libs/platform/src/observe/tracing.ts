import type { Tracer } from '@opentelemetry/api';
import type { Logger } from 'pino';

let tracer: Tracer | undefined;

/** Undefined while tracing is off: then nothing is to be done for its sake. */
export function activeTracer(): Tracer | undefined {
  return tracer;
}

/**
 * Begins to send traces of this process by OTLP over HTTP if OTEL_EXPORTER_OTLP_ENDPOINT or
 * OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set; else not even the SDK is loaded. Resolves to what ends it.
 * Throws ConfigInvalid if another of OpenTelemetry's variables is wrong.
 */
export async function startTracing(service: string, logger: Logger): Promise<() => Promise<void>> {
  if (!isWanted(process.env)) return () => Promise.resolve();
  const { startSdk } = await import('./otel-sdk.js');
  const sdk = startSdk(service, logger);
  tracer = sdk.tracer;
  return () => {
    tracer = undefined;
    return sdk.stop();
  };
}

function isWanted(env: NodeJS.ProcessEnv): boolean {
  const endpoint = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  return Boolean(endpoint) && env['OTEL_SDK_DISABLED']?.toLowerCase() !== 'true';
}
