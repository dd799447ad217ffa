import { BinaryReader } from '@bufbuild/protobuf/wire';

/** A span as a collector receives it: what tests look at. Ids are in hexadecimal digits. */
export interface ReceivedSpan {
  service: string;
  traceId: string;
  spanId: string;
  /** Empty: it has none. */
  parentId: string;
  name: string;
  /** 1: internal, 2: server, 3: client, 4: producer, 5: consumer. */
  kind: number;
  attributes: Record<string, string | number>;
  /** The traces that it is linked to. */
  links: string[];
}

type Fields = Map<number, (Uint8Array | number | bigint)[]>;

/**
 * Reads an ExportTraceServiceRequest of opentelemetry-proto 1.x, by its field numbers:
 * request.1 = resource spans; .1 = resource, .2 = scope spans; scope spans.2 = spans.
 */
export function parseTraces(bytes: Uint8Array): ReceivedSpan[] {
  return messages(bytes, 1).flatMap((resourceSpans) => {
    const [resource = new Uint8Array()] = messages(resourceSpans, 1);
    const service = String(attributesOf(messages(resource, 1))['service.name']);
    const spans = messages(resourceSpans, 2).flatMap((scopeSpans) => messages(scopeSpans, 2));
    return spans.map((span) => parseSpan(span, service));
  });
}

function parseSpan(bytes: Uint8Array, service: string): ReceivedSpan {
  const fields = fieldsOf(bytes);
  return {
    service,
    traceId: hex(fields, 1),
    spanId: hex(fields, 2),
    parentId: hex(fields, 4),
    name: textOf(fields.get(5)?.[0]),
    kind: Number(fields.get(6)?.[0] ?? 0),
    attributes: attributesOf(messages(bytes, 9)),
    links: messages(bytes, 13).map((link) => hex(fieldsOf(link), 1)),
  };
}

/** KeyValue: 1 = key, 2 = value; of AnyValue 1 = text and 3 = integer, which are all that is sent here. */
function attributesOf(pairs: readonly Uint8Array[]): Record<string, string | number> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [value = new Uint8Array()] = messages(pair, 2);
      const fields = fieldsOf(value);
      const integer = fields.get(3)?.[0];
      return [
        textOf(fieldsOf(pair).get(1)?.[0]),
        integer === undefined ? textOf(fields.get(1)?.[0]) : Number(integer),
      ];
    }),
  );
}

function messages(bytes: Uint8Array, field: number): Uint8Array[] {
  return (fieldsOf(bytes).get(field) ?? []).filter((value) => value instanceof Uint8Array);
}

function fieldsOf(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes);
  const fields: Fields = new Map();
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    fields.set(field, [...(fields.get(field) ?? []), valueOf(reader, type)]);
  }
  return fields;
}

function valueOf(reader: BinaryReader, type: number): Uint8Array | number | bigint {
  if (type === 0) return BigInt(reader.uint64());
  if (type === 1) return BigInt(reader.fixed64());
  if (type === 2) return reader.bytes();
  return reader.fixed32();
}

function hex(fields: Fields, field: number): string {
  const value = fields.get(field)?.[0];
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : '';
}

function textOf(value: Uint8Array | number | bigint | undefined): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : '';
}
