import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CHANGE_VERSION,
  changeMessage,
  CHUNK_BYTES,
  chunkAnswerMessage,
  chunkRequestMessage,
  convergenceAnswerMessage,
  convergenceRequestMessage,
  headMessage,
  MAX_MESSAGE_BYTES,
  MessageInvalid,
  rollCallMessage,
  statusMessage,
  syncAnswerMessage,
  syncRequestMessage,
  WireOpenConnections,
  type ChangeMessage,
  type FeedMessage,
  type SnapshotOffer,
  type StatusMessage,
} from '#contract';
import { Change, Head, Status, SyncAnswer } from './generated/upgate/feed/v1/feed.js';

const digest = '0123456789abcdef'.repeat(2);
const entry = {
  hostnames: ['shop.example.com'],
  origin: 'http://origin.example.com',
  enabled: true,
  openConnections: WireOpenConnections.OPEN_CONNECTIONS_DRAIN,
  drainSeconds: 30,
  policyPosition: 3n,
};
const changed = { resource: 'shop', position: 7n, state: { $case: 'entry' as const, value: entry } };
const change: ChangeMessage = {
  epoch: 'e-1',
  previous: 5n,
  position: 7n,
  digest,
  changes: [changed],
  version: CHANGE_VERSION,
};
const status: StatusMessage = {
  node: 'edge-1.example',
  region: '',
  ring: 'canary ring',
  epoch: '',
  position: 0n,
  digest,
  version: '0.1.0',
  enforcer: 'builtin',
  openConnections: 4,
  error: '',
  leaving: false,
  instance: 'run-1',
  home: '',
};
const offer: SnapshotOffer = {
  id: 'one',
  subject: 'upgate.default.chunk.r1',
  chunks: 2,
  bytes: BigInt(CHUNK_BYTES + 1),
  checksum: 'a'.repeat(64),
  epoch: 'e-1',
  position: 7n,
};

/** A kind of message with one that is valid. */
function sample<T>(kind: FeedMessage<T>, message: T) {
  return { bytes: kind.encode(message), parse: (bytes: Uint8Array) => kind.parse(bytes), message };
}

const samples = {
  change: sample(changeMessage, change),
  head: sample(headMessage, { epoch: 'e-1', position: 0n, digest, statusWithinMs: 1_000 }),
  'sync request': sample(syncRequestMessage, { node: 'n', epoch: '', position: 0n, snapshot: true }),
  'sync answer with nothing new': sample(syncAnswerMessage, {
    answer: { $case: 'changes', value: { ...change, previous: 7n, changes: [] } },
  }),
  'sync answer with a snapshot': sample(syncAnswerMessage, { answer: { $case: 'snapshot', value: offer } }),
  'sync answer to retry': sample(syncAnswerMessage, {
    answer: { $case: 'retryLater', value: { afterMs: 500 } },
  }),
  'chunk request': sample(chunkRequestMessage, { id: 'one', index: 0, node: 'n' }),
  'chunk answer': sample(chunkAnswerMessage, { gone: false, data: new Uint8Array([1, 2, 3]) }),
  status: sample(statusMessage, status),
  'roll call': sample(rollCallMessage, { replica: 'r' }),
  'convergence request': sample(convergenceRequestMessage, { position: 9n, timeoutMs: 5_000 }),
  'convergence answer': sample(convergenceAnswerMessage, {
    position: 9n,
    applied: false,
    required: 2,
    appliedNodes: 1,
    refused: [{ node: 'n', error: 'no' }],
    missing: ['m'],
    stale: 1,
    gone: 0,
  }),
};

describe.each(Object.entries(samples))('a feed message: %s', (_name, { bytes, parse, message }) => {
  const invalidOrParsed = (garbage: Uint8Array) => {
    try {
      parse(garbage);
    } catch (error) {
      expect(error).toBeInstanceOf(MessageInvalid);
    }
  };

  it('is read back as it was written', () => {
    const read = parse(bytes);
    expect(read).toEqual(message);
  });

  it('is refused with a reason, or read, whatever bytes come', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), invalidOrParsed), { numRuns: 500 });
  });

  it('is refused with a reason, or read, when its bytes are damaged', () => {
    const place = fc.nat(Math.max(0, bytes.length - 1));
    fc.assert(
      fc.property(place, fc.nat(255), fc.nat(bytes.length), (at, value, length) => {
        const damaged = bytes.slice(0, length);
        if (at < length) damaged[at] = value;
        invalidOrParsed(damaged);
      }),
      { numRuns: 500 },
    );
  });

  it('is refused when something follows it', () => {
    expect(() => parse(Buffer.concat([bytes, Buffer.alloc(3)]))).toThrow(/beyond its end/);
  });

  it('is refused when it is too large', () => {
    expect(() => parse(new Uint8Array(MAX_MESSAGE_BYTES + 1))).toThrow(/bytes long, at most \d+ are allowed/);
  });
});

const bytesOf = {
  change: (part: Partial<ChangeMessage>) => Change.encode({ ...change, ...part }).finish(),
  entry: (part: Partial<typeof entry>) =>
    bytesOf.change({ changes: [{ ...changed, state: { $case: 'entry', value: { ...entry, ...part } } }] }),
  status: (part: Partial<StatusMessage>) => Status.encode({ ...status, ...part }).finish(),
  offer: (part: Partial<SnapshotOffer>) =>
    SyncAnswer.encode({ answer: { $case: 'snapshot', value: { ...offer, ...part } } }).finish(),
};

describe('a feed message that says what is not allowed is refused, with the reason', () => {
  it.each([
    ['no epoch', bytesOf.change({ epoch: '' }), 'epoch is empty'],
    ['long epoch', bytesOf.change({ epoch: 'e'.repeat(129) }), 'epoch is 129 characters long'],
    ['position 0', bytesOf.change({ position: 0n, previous: 0n }), 'previous 0 is not below position 0'],
    ['backwards', bytesOf.change({ previous: 8n }), 'previous 8 is not below position 7'],
    ['digest', bytesOf.change({ digest: 'xyz' }), 'digest "xyz" is not 32 hexadecimal digits'],
    ['version', bytesOf.change({ version: 2 }), 'the version 2 of the change is not known, only 1 is'],
    ['no version', bytesOf.change({ version: 0 }), 'the version 0 of the change is not known, only 1 is'],
    ['twice', bytesOf.change({ changes: [changed, changed] }), 'a resource is there twice'],
    ['stateless', bytesOf.change({ changes: [{ ...changed, state: undefined }] }), 'shop: has no state'],
    ['old entry', bytesOf.change({ changes: [{ ...changed, position: 5n }] }), 'shop: position 5 is not'],
    ['new entry', bytesOf.change({ changes: [{ ...changed, position: 8n }] }), 'shop: position 8 is not'],
    ['unnamed', bytesOf.change({ changes: [{ ...changed, resource: '' }] }), 'resource is empty'],
    ['no hostname', bytesOf.entry({ hostnames: [] }), 'shop: has no hostname'],
    ['hostname', bytesOf.entry({ hostnames: ['a b'] }), 'shop: hostname "a b" has white space'],
    ['origin', bytesOf.entry({ origin: 'x'.repeat(3000) }), 'shop: origin is 3000 characters long'],
    [
      'no mode',
      bytesOf.entry({ openConnections: WireOpenConnections.OPEN_CONNECTIONS_UNSPECIFIED }),
      'shop: unknown mode 0 for open connections',
    ],
    [
      'mode',
      bytesOf.entry({ openConnections: WireOpenConnections.UNRECOGNIZED }),
      'shop: unknown mode -1 for open connections',
    ],
    [
      'seconds',
      bytesOf.entry({ openConnections: WireOpenConnections.OPEN_CONNECTIONS_KEEP }),
      'shop: drain_seconds are only for draining',
    ],
    ['policy', bytesOf.entry({ policyPosition: 8n }), 'shop: policy_position 8 is not in 1 to 7'],
  ])('change: %s', (_name, bytes, reason) => {
    expect(() => changeMessage.parse(bytes)).toThrow(reason);
  });

  it.each([
    ['no node', bytesOf.status({ node: '' }), 'node is empty'],
    ['node with space', bytesOf.status({ node: 'a b' }), 'node "a b" has white space'],
    ['region', bytesOf.status({ region: 'a\nb' }), 'region "a\\nb" has control characters'],
    ['instance', bytesOf.status({ instance: 'a b' }), 'instance "a b" has white space'],
    ['home', bytesOf.status({ home: 'x'.repeat(129) }), 'home is 129 characters long'],
    ['error', bytesOf.status({ error: 'x'.repeat(4097) }), 'error is 4097 characters long'],
  ])('status: %s', (_name, bytes, reason) => {
    expect(() => statusMessage.parse(bytes)).toThrow(reason);
  });

  it.each([
    ['chunks', bytesOf.offer({ chunks: 4_000_000_000 }), 'chunks 4000000000 is not 2'],
    ['no bytes', bytesOf.offer({ bytes: 0n, chunks: 0 }), 'bytes 0 is not in 1 to'],
    ['too many bytes', bytesOf.offer({ bytes: 2n ** 40n }), 'bytes 1099511627776 is not in 1 to'],
    ['wildcard', bytesOf.offer({ subject: 'upgate.>' }), 'subject "upgate.>" is not a subject'],
    ['checksum', bytesOf.offer({ checksum: 'a' }), 'checksum "a" is not 64 hexadecimal digits'],
    ['empty', new Uint8Array(), 'the answer is empty'],
  ])('sync answer: %s', (_name, bytes, reason) => {
    expect(() => syncAnswerMessage.parse(bytes)).toThrow(reason);
  });

  it('and is not written either', () => {
    expect(() => changeMessage.encode({ ...change, epoch: '' })).toThrow(MessageInvalid);
    const head = { epoch: 'e', position: 2n ** 64n - 1n, digest, statusWithinMs: 0 };
    expect(() => headMessage.encode({ ...head, position: 2n ** 64n })).toThrow(MessageInvalid);
    expect(() => headMessage.encode({ ...head, statusWithinMs: 1_001 })).toThrow('status_within_ms');
    expect(Head.decode(headMessage.encode(head)).position).toBe(2n ** 64n - 1n);
  });
});
