import {
  CHANGE_VERSION,
  CHUNK_BYTES,
  MAX_CONVERGENCE_TIMEOUT_MS,
  MAX_ERROR_LENGTH,
  MAX_HOSTNAME_LENGTH,
  MAX_NAME_LENGTH,
  MAX_NODES_NAMED,
  MAX_ORIGIN_LENGTH,
  MAX_RETRY_AFTER_MS,
  MAX_SNAPSHOT_BYTES,
  MAX_STATUS_WITHIN_MS,
} from './feed-limits.js';
import {
  OpenConnections,
  type Change,
  type ChunkAnswer,
  type ChunkRequest,
  type ConvergenceAnswer,
  type ConvergenceRequest,
  type Entry,
  type EntryChange,
  type Forget,
  type Head,
  type Removal,
  type RetryLater,
  type RollCall,
  type RosterRequest,
  type SnapshotOffer,
  type Status,
  type SyncAnswer,
  type SyncRequest,
} from './generated/upgate/feed/v1/feed.js';
import { MessageInvalid } from './message-invalid.js';

const UNPRINTABLE = /[\s\p{Cc}]/u;
const CONTROL = /\p{Cc}/u;
const DIGEST = /^[0-9a-f]{32}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const SUBJECT = /^[\w%.-]{1,256}$/;
const MODES: readonly OpenConnections[] = [
  OpenConnections.OPEN_CONNECTIONS_KEEP,
  OpenConnections.OPEN_CONNECTIONS_DRAIN,
  OpenConnections.OPEN_CONNECTIONS_CLOSE,
];

export function checkChange(change: Change): void {
  if (change.previous >= change.position)
    throw new MessageInvalid(`previous ${change.previous} is not below position ${change.position}`);
  checkChanges(change);
}

export function checkHead(head: Head): void {
  checkPlace(head);
  atMost('status_within_ms', head.statusWithinMs, MAX_STATUS_WITHIN_MS);
}

export function checkSyncRequest({ node, epoch, position }: SyncRequest): void {
  name('node', node);
  if (epoch !== '') name('epoch', epoch);
  else if (position !== 0n) throw new MessageInvalid(`position ${position} comes without an epoch`);
}

export function checkSyncAnswer({ answer }: SyncAnswer): void {
  switch (answer?.$case) {
    case 'changes':
      return checkChanges(answer.value);
    case 'snapshot':
      return checkOffer(answer.value);
    case 'retryLater':
      return checkRetryLater(answer.value);
    case undefined:
      throw new MessageInvalid('the answer is empty');
    default:
      return answer satisfies never;
  }
}

export function checkChunkRequest({ id, node }: ChunkRequest): void {
  name('id', id);
  name('node', node);
}

export function checkChunkAnswer({ gone, data }: ChunkAnswer): void {
  if (data.length > CHUNK_BYTES)
    throw new MessageInvalid(`data is ${data.length} bytes long, at most ${CHUNK_BYTES} are allowed`);
  if (gone !== (data.length === 0)) throw new MessageInvalid('a chunk is either gone or has data');
}

export function checkStatus(status: Status): void {
  name('node', status.node);
  for (const field of ['region', 'ring', 'version', 'enforcer'] as const) label(field, status[field]);
  length('error', status.error, MAX_ERROR_LENGTH);
  if (status.epoch !== '') name('epoch', status.epoch);
  matches('digest', status.digest, DIGEST, '32 hexadecimal digits');
  for (const field of ['instance', 'home'] as const) if (status[field] !== '') name(field, status[field]);
}

export function checkRollCall({ replica }: RollCall): void {
  name('replica', replica);
}

export function checkForget({ node }: Forget): void {
  name('node', node);
}

export function checkRosterRequest({ replica }: RosterRequest): void {
  name('replica', replica);
}

export function checkConvergenceRequest({ timeoutMs }: ConvergenceRequest): void {
  atMost('timeout_ms', timeoutMs, MAX_CONVERGENCE_TIMEOUT_MS);
}

export function checkConvergenceAnswer({ missing, refused }: ConvergenceAnswer): void {
  atMost('the count of missing nodes', missing.length, MAX_NODES_NAMED);
  atMost('the count of nodes that refused', refused.length, MAX_NODES_NAMED);
  for (const node of missing) name('missing node', node);
  for (const { node, error } of refused) {
    name('refused node', node);
    length('error', error, MAX_ERROR_LENGTH);
  }
}

function checkPlace({ epoch, digest }: Pick<Head, 'epoch' | 'digest'>): void {
  name('epoch', epoch);
  matches('digest', digest, DIGEST, '32 hexadecimal digits');
}

/** Also of an answer to a sync, which may have nothing to tell: then `previous` is the position itself. */
function checkChanges(change: Change): void {
  if (change.version !== CHANGE_VERSION)
    throw new MessageInvalid(
      `the version ${change.version} of the change is not known, only ${CHANGE_VERSION} is`,
    );
  checkPlace(change);
  const { previous, position, changes } = change;
  if (previous > position) throw new MessageInvalid(`previous ${previous} is above position ${position}`);
  for (const entry of changes) checkEntryChange(entry, previous, position);
  if (new Set(changes.map(({ resource }) => resource)).size < changes.length)
    throw new MessageInvalid('a resource is there twice');
}

function checkEntryChange({ resource, position, state }: EntryChange, above: bigint, upTo: bigint): void {
  name('resource', resource);
  if (position <= above || position > upTo)
    throw new MessageInvalid(`${resource}: position ${position} is not above ${above} and at most ${upTo}`);
  if (state === undefined) throw new MessageInvalid(`${resource}: has no state`);
  if (state.$case === 'entry') checkEntry(resource, state.value);
  if (state.$case === 'entry' || isTold(state.value)) checkPolicy(resource, position, state.value);
}

function checkEntry(resource: string, entry: Entry): void {
  if (entry.hostnames.length === 0) throw new MessageInvalid(`${resource}: has no hostname`);
  for (const hostname of entry.hostnames) name(`${resource}: hostname`, hostname, MAX_HOSTNAME_LENGTH);
  name(`${resource}: origin`, entry.origin, MAX_ORIGIN_LENGTH);
}

/** Versions before this field had no word on the connections of a resource that is gone. */
function isTold({ openConnections }: Removal): boolean {
  return openConnections !== OpenConnections.OPEN_CONNECTIONS_UNSPECIFIED;
}

function checkPolicy(
  resource: string,
  position: bigint,
  { openConnections, drainSeconds, policyPosition }: Removal,
): void {
  if (!MODES.includes(openConnections))
    throw new MessageInvalid(`${resource}: unknown mode ${openConnections} for open connections`);
  if (drainSeconds !== 0 && openConnections !== OpenConnections.OPEN_CONNECTIONS_DRAIN)
    throw new MessageInvalid(`${resource}: drain_seconds are only for draining`);
  if (policyPosition === 0n || policyPosition > position)
    throw new MessageInvalid(`${resource}: policy_position ${policyPosition} is not in 1 to ${position}`);
}

function checkOffer({ id, subject, chunks, bytes, checksum, epoch }: SnapshotOffer): void {
  name('id', id);
  name('epoch', epoch);
  matches('subject', subject, SUBJECT, 'a subject without wildcards');
  matches('checksum', checksum, SHA256, '64 hexadecimal digits');
  if (bytes === 0n || bytes > BigInt(MAX_SNAPSHOT_BYTES))
    throw new MessageInvalid(`bytes ${bytes} is not in 1 to ${MAX_SNAPSHOT_BYTES}`);
  const needed = Math.ceil(Number(bytes) / CHUNK_BYTES);
  if (chunks !== needed)
    throw new MessageInvalid(`chunks ${chunks} is not ${needed}, as ${bytes} bytes need`);
}

function checkRetryLater({ afterMs }: RetryLater): void {
  atMost('after_ms', afterMs, MAX_RETRY_AFTER_MS);
}

function name(field: string, value: string, max = MAX_NAME_LENGTH): void {
  if (value === '') throw new MessageInvalid(`${field} is empty`);
  length(field, value, max);
  if (UNPRINTABLE.test(value))
    throw new MessageInvalid(`${field} ${quoted(value)} has white space or control characters`);
}

function label(field: string, value: string): void {
  length(field, value, MAX_NAME_LENGTH);
  if (CONTROL.test(value)) throw new MessageInvalid(`${field} ${quoted(value)} has control characters`);
}

function length(field: string, value: string, max: number): void {
  if (value.length > max)
    throw new MessageInvalid(`${field} is ${value.length} characters long, at most ${max} are allowed`);
}

function matches(field: string, value: string, pattern: RegExp, what: string): void {
  if (!pattern.test(value)) throw new MessageInvalid(`${field} ${quoted(value)} is not ${what}`);
}

function atMost(field: string, value: number, max: number): void {
  if (value > max) throw new MessageInvalid(`${field} is ${value}, at most ${max} is allowed`);
}

function quoted(value: string): string {
  return JSON.stringify(value.slice(0, MAX_NAME_LENGTH));
}
