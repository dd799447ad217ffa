import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { eventually } from '../../../../test/support/condition.js';
import { OtlpCollector } from '../../../../test/support/otlp-collector.js';
import { freePorts } from '../../../../test/support/ports.js';
import { createLogger } from '../logger.js';
import { samplerOf } from './otel-sampler.js';
import { activeTracer, startTracing } from './tracing.js';

const logger = createLogger('test', 'json', 'silent');

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** Sends traces for as long as `use` takes. */
async function traced(env: Record<string, string>, use: () => void | Promise<void>): Promise<void> {
  for (const [variable, value] of Object.entries(env)) vi.stubEnv(variable, value);
  const stop = await startTracing('a-service', logger);
  try {
    await use();
  } finally {
    await stop();
  }
}

function makeSpans(count: number): void {
  for (let number = 0; number < count; number += 1) activeTracer()?.startSpan(`span ${number}`).end();
}

/** The packages that a process has loaded when it has begun to trace, or found that it is not to. */
async function loadedPackages(env: Record<string, string>): Promise<Set<string>> {
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    const { startTracing } = await import('./dist/libs/platform/src/observe/tracing.js');
    const stop = await startTracing('a-service', console);
    await stop();
    console.log(JSON.stringify(loaded));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: { PATH: process.env['PATH'], ...env },
  });
  const urls = JSON.parse(stdout) as string[];
  return new Set(urls.flatMap((url) => /node_modules\/(@opentelemetry\/[^/]+)/.exec(url)?.[1] ?? []));
}

describe('tracing', () => {
  it('loads nothing of the SDK unless it is told where to send traces', async () => {
    expect([...(await loadedPackages({}))]).toEqual([]);
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
    expect([...(await loadedPackages({ ...endpoint, OTEL_SDK_DISABLED: 'true' }))]).toEqual([]);
    expect(await loadedPackages(endpoint)).toContain('@opentelemetry/sdk-trace');
  });

  it('is off, then on, then off', async () => {
    expect(activeTracer()).toBeUndefined();
    await traced({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:4318/v1/traces' }, () => {
      expect(activeTracer()).toBeDefined();
    });
    expect(activeTracer()).toBeUndefined();
  });

  it('sends what it has when it stops, under the name of the service', async () => {
    const collector = await OtlpCollector.start();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
    await traced(env, () => makeSpans(1));
    await traced({ ...env, OTEL_SERVICE_NAME: 'of-another-name' }, () => makeSpans(1));
    expect(collector.spans.map(({ service, name }) => [service, name])).toEqual([
      ['a-service', 'span 0'],
      ['of-another-name', 'span 0'],
    ]);
    await collector.stop();
  });

  it('complains once about a collector that is away, and goes on', async () => {
    const [port] = await freePorts(1);
    const warn = vi.spyOn(logger, 'warn');
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_EXPORTER_OTLP_TIMEOUT: '50' };
    await traced(env, async () => {
      makeSpans(10_000);
      await eventually('a complaint', () => warn.mock.calls.length > 0);
      makeSpans(10_000);
    });
    expect(warn.mock.calls.map(([, message]) => message)).toEqual([
      'traces cannot be sent: spans are dropped',
    ]);
  });

  it.each([
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', 'must be http/protobuf'],
    ['OTEL_TRACES_SAMPLER', 'sometimes', 'must be one of always_on, parentbased_always_on'],
  ])('does not start with %s=%s', async (variable, value, rule) => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', [variable]: value };
    await expect(traced(env, () => undefined)).rejects.toThrow(`${variable}="${value}": ${rule}`);
  });
});

describe('the sampler', () => {
  it.each([
    [{}, 'ParentBased{root=AlwaysOnSampler'],
    [{ OTEL_TRACES_SAMPLER: 'always_off' }, 'AlwaysOffSampler'],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' }, 'TraceIdRatioBased{0.25}'],
    [
      { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' },
      'ParentBased{root=TraceIdRatioBased{0.5}',
    ],
  ])('of %j is %s', (env, expected) => {
    expect(String(samplerOf(env)).startsWith(expected)).toBe(true);
  });

  it('refuses a ratio that is none', () => {
    const env = { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: 'half' };
    expect(() => samplerOf(env)).toThrow('OTEL_TRACES_SAMPLER_ARG="half": must be a number from 0 to 1');
  });
});
