import { setImmediate } from 'node:timers/promises';
import { parseHostname } from '#hostname';
import { isRemoval, type SettingsChange, type SettingsEntry, type SettingsTable } from '#settings';
import { isPlain } from './limits-plain.js';

/** More than any fleet has: a table beyond these is a mistake, and would take the node down with it. */
const MAX_ENTRIES = 2_000_000;
const MAX_HOSTNAMES = 1_000;
const RESOURCE = /^[!-~]{1,128}$/;
const MAX_ORIGIN_LENGTH = 2_048;
const MAX_DRAIN_SECONDS = 86_400;
/** Entries of a table that are judged before others have their turn. */
const SLICE = 4_096;

/** Why a node must not take these changes into its table, or undefined when it may. */
export function faultOf(table: SettingsTable, changes: readonly SettingsChange[]): string | undefined {
  return faultOfCount(table, changes) ?? firstFault(changes) ?? faultOfHostnames(table, changes);
}

/** The same of a whole table. It has no conflict, or it would not have loaded. */
export async function faultOfTable(table: SettingsTable): Promise<string | undefined> {
  if (table.size > MAX_ENTRIES) return tooMany(table.size);
  let judged = 0;
  for (const entry of table.stored()) {
    const fault = isPlain(entry) ? undefined : faultOfEntry(entry.plain);
    if (fault !== undefined) return fault;
    if ((judged += 1) % SLICE === 0) await setImmediate();
  }
  return undefined;
}

function faultOfCount(table: SettingsTable, changes: readonly SettingsChange[]): string | undefined {
  const added = changes.filter((change) => !isRemoval(change) && !table.get(change.resource)).length;
  const removed = changes.filter((change) => isRemoval(change) && table.get(change.resource)).length;
  const count = table.size + added - removed;
  return count > MAX_ENTRIES ? tooMany(count) : undefined;
}

function firstFault(changes: readonly SettingsChange[]): string | undefined {
  const seen = new Set<string>();
  for (const change of changes) {
    const { resource } = change;
    if (seen.has(resource)) return `resource ${resource} is in it twice`;
    seen.add(resource);
    const fault = isRemoval(change) ? faultOfId(resource) : faultOfEntry(change);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function tooMany(count: number): string {
  return `${count} resources, at most ${MAX_ENTRIES} are allowed`;
}

function faultOfEntry(entry: SettingsEntry): string | undefined {
  const fault = faultOfSettings(entry);
  return faultOfId(entry.resource) ?? (fault && `resource ${entry.resource}: ${fault}`);
}

function faultOfId(resource: string): string | undefined {
  if (RESOURCE.test(resource)) return undefined;
  return `${JSON.stringify(resource)} is not a resource id of 1 to 128 visible ASCII characters`;
}

function faultOfSettings({ hostnames, origin, websockets }: SettingsEntry): string | undefined {
  if (hostnames.length === 0 || hostnames.length > MAX_HOSTNAMES)
    return `${hostnames.length} hostnames, 1 to ${MAX_HOSTNAMES} are allowed`;
  const bad = hostnames.find((hostname) => !isCanonical(hostname));
  if (bad !== undefined) return `${JSON.stringify(bad)} is not a hostname in canonical form`;
  if (!isOrigin(origin))
    return `${JSON.stringify(origin)} is not an origin such as http://origin.example:8080`;
  const { openConnections: fate } = websockets;
  return fate.mode === 'drain' && !isDrainTime(fate.seconds)
    ? `a drain over ${fate.seconds} seconds, 0 to ${MAX_DRAIN_SECONDS} are allowed`
    : undefined;
}

function isCanonical(hostname: string): boolean {
  const parsed = parseHostname(hostname);
  return parsed.ok && parsed.hostname === hostname;
}

function isOrigin(origin: string): boolean {
  if (origin.length > MAX_ORIGIN_LENGTH || !/^https?:/.test(origin)) return false;
  return URL.canParse(origin) && new URL(origin).origin === origin;
}

function isDrainTime(seconds: number): boolean {
  return Number.isInteger(seconds) && seconds >= 0 && seconds <= MAX_DRAIN_SECONDS;
}

function faultOfHostnames(table: SettingsTable, changes: readonly SettingsChange[]): string | undefined {
  const conflict = table.conflict(changes);
  return conflict && `hostname ${conflict.hostname} belongs to both ${conflict.resources.join(' and ')}`;
}
