import { join } from 'node:path';
import {
  credentials,
  loadPackageDefinition,
  Metadata,
  type CallOptions,
  type ChannelOptions,
  type Client,
  type ClientDuplexStream,
  type GrpcObject,
  type ServiceClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { PROTO_ROOT } from '#contract';

type Unary = (
  request: object,
  metadata: Metadata,
  options: CallOptions,
  done: (error: ServiceError | null, answer: unknown) => void,
) => { on(event: 'metadata', listener: (metadata: Metadata) => void): unknown };

type Duplex = (metadata: Metadata) => ClientDuplexStream<object, object>;

/** A client of one service, made from its .proto file as any client would. */
export class GrpcClient {
  readonly #client: Client & Record<string, unknown>;
  /** Initial metadata of the last unary call. */
  lastMetadata = new Metadata();

  /** `service` by its full name, such as `upgate.v1.CommandService`; `proto` below `root`. */
  constructor(
    address: string,
    service: string,
    proto: string,
    root = PROTO_ROOT,
    options: ChannelOptions = {},
  ) {
    const definition = loadSync(join(root, proto), {
      includeDirs: [root],
      longs: String,
      enums: String,
      defaults: true,
      oneofs: true,
    });
    const found = service
      .split('.')
      .reduce((scope: GrpcObject, name) => scope[name] as GrpcObject, loadPackageDefinition(definition));
    const Service = found as GrpcObject & ServiceClientConstructor;
    this.#client = new Service(address, credentials.createInsecure(), options);
  }

  /** Rejects with the ServiceError. */
  call<Answer>(
    method: string,
    request: object,
    metadata: Record<string, string> = {},
    options: CallOptions = {},
  ): Promise<Answer> {
    const send = (this.#client[method] as Unary).bind(this.#client);
    return new Promise((resolve, reject) => {
      const call = send(request, metadataOf(metadata), options, (error, answer) =>
        error ? reject(error) : resolve(answer as Answer),
      );
      call.on('metadata', (received) => (this.lastMetadata = received));
    });
  }

  stream(method: string, metadata: Record<string, string> = {}): ClientDuplexStream<object, object> {
    return (this.#client[method] as Duplex).call(this.#client, metadataOf(metadata));
  }

  close(): void {
    this.#client.close();
  }
}

function metadataOf(entries: Record<string, string>): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
  return metadata;
}
