import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type Sampler,
} from '@opentelemetry/sdk-trace';
import { ConfigInvalid } from '../config.js';

const DEFAULT = 'parentbased_always_on';
const DEFAULT_RATIO = '1';

/** Of the roots of traces. */
const ROOTS: Record<string, (env: NodeJS.ProcessEnv) => Sampler> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (env) => new TraceIdRatioBasedSampler(ratioOf(env)),
};

/** As OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG say. Throws ConfigInvalid. */
export function samplerOf(env: NodeJS.ProcessEnv): Sampler {
  const name = env['OTEL_TRACES_SAMPLER'] || DEFAULT;
  const [, parentBased, root = ''] = /^(parentbased_)?(.*)$/.exec(name) ?? [];
  const sampler = ROOTS[root]?.(env);
  if (!sampler) throw invalid('OTEL_TRACES_SAMPLER', name, `one of ${allowed().join(', ')}`);
  return parentBased ? new ParentBasedSampler({ root: sampler }) : sampler;
}

function ratioOf(env: NodeJS.ProcessEnv): number {
  const text = env['OTEL_TRACES_SAMPLER_ARG'] || DEFAULT_RATIO;
  const ratio = Number(text);
  if (ratio >= 0 && ratio <= 1) return ratio;
  throw invalid('OTEL_TRACES_SAMPLER_ARG', text, 'a number from 0 to 1');
}

function allowed(): string[] {
  return Object.keys(ROOTS).flatMap((root) => [root, `parentbased_${root}`]);
}

function invalid(variable: string, value: string, rule: string): ConfigInvalid {
  return new ConfigInvalid(
    `The configuration is not valid.\n  ${variable}=${JSON.stringify(value)}: must be ${rule}`,
  );
}
