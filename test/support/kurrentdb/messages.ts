import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import shared from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js';
import status from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/status_pb.js';
import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import type { StoredEvent } from './log.js';

export function streamIdentifier(stream: string) {
  return new shared.StreamIdentifier().setStreamName(Buffer.from(stream).toString('base64'));
}

export function streamName(identifier: { getStreamName_asU8(): Uint8Array } | undefined): string {
  return Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8');
}

export function readEvent(event: StoredEvent) {
  const position = event.position.toString();
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent()
    .setId(new shared.UUID().setString(event.id))
    .setStreamIdentifier(streamIdentifier(event.stream))
    .setStreamRevision(String(event.revision))
    .setCommitPosition(position)
    .setPreparePosition(position)
    .setCustomMetadata(event.customMetadata)
    .setData(event.data);
  for (const [key, value] of event.metadata) recorded.getMetadataMap().set(key, value);
  recorded.getMetadataMap().set('created', '17000000000000000');
  const read = new streams.ReadResp.ReadEvent().setEvent(recorded).setCommitPosition(position);
  return new streams.ReadResp().setEvent(read);
}

export function checkpoint(commit: bigint, prepare = commit) {
  return new streams.ReadResp().setCheckpoint(
    new streams.ReadResp.Checkpoint()
      .setCommitPosition(commit.toString())
      .setPreparePosition(prepare.toString()),
  );
}

export function appended({ revision, position }: StoredEvent) {
  const at = new shared.AllStreamPosition()
    .setCommitPosition(position.toString())
    .setPreparePosition(position.toString());
  return new streams.BatchAppendResp.Success().setCurrentRevision(String(revision)).setPosition(at);
}

export function wrongRevision(actual: number) {
  const details = new shared.WrongExpectedVersion();
  if (actual >= 0) details.setCurrentStreamRevision(String(actual));
  return statusOf('event_store.client.WrongExpectedVersion', details.serializeBinary());
}

export function accessDenied() {
  return statusOf('event_store.client.AccessDenied', new Uint8Array());
}

/** A google.rpc.Status with its details, for which the client's package has no constructor in reach. */
export function statusOf(type: string, value: Uint8Array) {
  const details = new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string(`type.googleapis.com/${type}`)
    .tag(2, WireType.LengthDelimited)
    .bytes(value)
    .finish();
  const bytes = new BinaryWriter().tag(3, WireType.LengthDelimited).bytes(details).finish();
  return status.Status.deserializeBinary(bytes);
}
