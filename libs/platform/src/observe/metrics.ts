import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Readiness } from '../health.js';
import { VERSION } from '../version.js';

/** Of this process, whatever runs in it: measured once, shown in every registry. */
let ofProcess: Registry | undefined;

/**
 * The metrics of a program of this name: those of its process, what was built, and whether its parts are ready.
 * The rest is for the program to add.
 */
export function createRegistry(service: string, readiness: Readiness): Registry {
  const registry = Registry.merge([processMetrics()]);
  registerBuild(service, registry);
  registerReadiness(readiness, registry);
  return registry;
}

function processMetrics(): Registry {
  if (!ofProcess) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  return ofProcess;
}

function registerBuild(service: string, registry: Registry): void {
  new Gauge({
    name: 'upgate_build_info',
    help: 'What runs here: always 1',
    labelNames: ['service', 'version', 'node_version'],
    registers: [registry],
  }).set({ service, version: VERSION, node_version: process.version }, 1);
}

function registerReadiness(readiness: Readiness, registry: Registry): void {
  new Gauge({
    name: 'upgate_ready',
    help: 'Whether a part of the program can do its work: 1, or 0 and /readyz says why',
    labelNames: ['part'],
    registers: [registry],
    async collect() {
      const problems = await readiness.problems();
      for (const part of readiness.parts) this.set({ part }, part in problems ? 0 : 1);
    },
  });
}
