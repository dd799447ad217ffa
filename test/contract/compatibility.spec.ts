import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from 'vitest';
import * as contract from '#contract';

/** Bytes of the feed as version 1 wrote them, and what they mean. */
const GOLDEN = join(import.meta.dirname, '../golden/version-1/feed.json');
const golden = JSON.parse(await readFile(GOLDEN, 'utf8'), (_key, value: unknown) =>
  typeof value === 'string' && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value,
) as Record<string, { hex: string; means: unknown }>;

/** A field that no version knows yet. */
const UNKNOWN_FIELD = 1_000;

type Kind = { parse(bytes: Uint8Array): unknown; recode(bytes: Uint8Array): Uint8Array };

function kind<T>(message: contract.FeedMessage<T>): Kind {
  return {
    parse: (bytes) => message.parse(bytes),
    recode: (bytes) => message.encode(message.parse(bytes)),
  };
}

const kinds: Record<string, Kind> = {
  changeMessage: kind(contract.changeMessage),
  headMessage: kind(contract.headMessage),
  syncRequestMessage: kind(contract.syncRequestMessage),
  syncAnswerMessage: kind(contract.syncAnswerMessage),
  chunkRequestMessage: kind(contract.chunkRequestMessage),
  statusMessage: kind(contract.statusMessage),
  rollCallMessage: kind(contract.rollCallMessage),
  forgetMessage: kind(contract.forgetMessage),
  rosterRequestMessage: kind(contract.rosterRequestMessage),
  convergenceRequestMessage: kind(contract.convergenceRequestMessage),
  convergenceAnswerMessage: kind(contract.convergenceAnswerMessage),
};

function field(number: number, write: (writer: BinaryWriter) => BinaryWriter): Uint8Array {
  return write(new BinaryWriter().tag(number, WireType.LengthDelimited)).finish();
}

const unknownField = field(UNKNOWN_FIELD, (writer) => writer.string('of a later version'));

describe.each(Object.entries(golden))('%s of version 1', (name, { hex, means }) => {
  const bytes = Buffer.from(hex, 'hex');

  it('is understood as it was meant', () => {
    expect(kinds[name]!.parse(bytes)).toMatchObject(means as object);
  });

  it('is written with the same bytes, so that version 1 understands it', () => {
    expect(Buffer.from(kinds[name]!.recode(bytes)).toString('hex')).toBe(hex);
  });

  it('is understood when a later version has added a field', () => {
    expect(kinds[name]!.parse(Buffer.concat([bytes, unknownField]))).toMatchObject(means as object);
  });
});

describe('what a later version says that cannot be passed over is refused, with the reason:', () => {
  const { hex } = golden['changeMessage']!;

  it('a change of another version', () => {
    const other = new BinaryWriter().tag(6, WireType.Varint).uint32(2).finish();
    expect(() => contract.changeMessage.parse(Buffer.concat([Buffer.from(hex, 'hex'), other]))).toThrow(
      'the version 2 of the change is not known, only 1 is',
    );
  });

  it('a change of a resource to a state that is neither an entry nor a removal', () => {
    const resource = new BinaryWriter().tag(1, WireType.LengthDelimited).string('new');
    const changed = resource.tag(2, WireType.Varint).uint64(7n).raw(unknownField).finish();
    const more = field(5, (writer) => writer.bytes(changed));
    expect(() => contract.changeMessage.parse(Buffer.concat([Buffer.from(hex, 'hex'), more]))).toThrow(
      'new: has no state',
    );
  });

  it('an answer to a sync that is of another kind', () => {
    expect(() => contract.syncAnswerMessage.parse(unknownField)).toThrow('the answer is empty');
  });
});
