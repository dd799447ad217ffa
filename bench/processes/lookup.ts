import { randomInt } from 'node:crypto';
import { mostSpecific, type Hostname } from '#hostname';
import type { SettingsEntry } from '#settings';
import { hasWildcard, hostOf } from '../harness/customers.js';
import { serve } from '../harness/remote.js';
import { settingsOf, tableOf } from '../harness/settings.js';

const AT_ONCE = 1_000;

/** The policy of a node, in a table of settings or in a plain `Map`, and what is looked up there. */
export interface Lookup {
  fill(argument: { into: 'table' | 'map'; hostnames: number }): void;
  /** Lookups a second of random hosts that an exact hostname, or a wildcard, rules. */
  perSecond(argument: { wildcard: boolean; lookups: number }): number;
}

type Find = (host: Hostname) => SettingsEntry | undefined;

let size = 0;
let find: { exact: Find; wildcard: Find };

function table(count: number): typeof find {
  const settings = tableOf(count);
  const match = (host: Hostname) => settings.match(host);
  return { exact: match, wildcard: match };
}

function map(count: number): typeof find {
  const settings = new Map<Hostname, SettingsEntry>();
  for (const entry of settingsOf(count)) settings.set(entry.hostnames[0]!, entry);
  const get = (name: Hostname) => settings.get(name);
  return { exact: get, wildcard: (host) => mostSpecific(host, get) };
}

/** Strings of their own, as the header of a request gives them: no hash is known, and none is the key of a `Map`. */
function hosts(wildcard: boolean, count: number): Hostname[] {
  return Array.from({ length: count }, () => {
    let index = randomInt(size);
    while (hasWildcard(index) !== wildcard) index = randomInt(size);
    return Buffer.from(hostOf(index)).toString('latin1');
  });
}

/** In milliseconds, when every host is found with its policy. */
function timeOf(match: Find, all: Hostname[]): number {
  const started = performance.now();
  let enabled = 0;
  for (const host of all) if (match(host)?.websockets.enabled) enabled += 1;
  const ms = performance.now() - started;
  if (enabled !== all.length) throw new Error(`${enabled} of ${all.length} hosts were found`);
  return ms;
}

serve<Lookup>({
  fill({ into, hostnames }) {
    size = hostnames;
    find = into === 'table' ? table(hostnames) : map(hostnames);
  },
  perSecond({ wildcard, lookups }) {
    const match = wildcard ? find.wildcard : find.exact;
    let ms = 0;
    for (let done = 0; done < lookups; done += AT_ONCE) ms += timeOf(match, hosts(wildcard, AT_ONCE));
    return lookups / (ms / 1_000);
  },
});
