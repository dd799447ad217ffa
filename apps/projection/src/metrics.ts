import { Counter, Gauge, type Registry } from 'prom-client';

/** Adds `upgate_projection_<name>`, read whenever it is asked for. */
export function gauge(
  registry: Registry,
  name: string,
  help: string,
  read: () => number | Promise<number>,
): void {
  new Gauge({
    name: `upgate_projection_${name}`,
    help,
    registers: [registry],
    async collect() {
      this.set(await read());
    },
  });
}

/** Adds `upgate_projection_<name>_total`, read whenever it is asked for. */
export function total(registry: Registry, name: string, help: string, read: () => number): void {
  new Counter({
    name: `upgate_projection_${name}_total`,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}
