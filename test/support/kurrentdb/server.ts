/*
 * Stands for one KurrentDB node: a real gRPC server on a TCP port, on the service definitions that the client's package
 * ships. It appends by expected revision, reads streams and $all in both directions, filters by prefix or pattern, and
 * keeps subscriptions with checkpoints and the caught-up mark; it can refuse as a follower, lose an answer after it has
 * stored, and drop every connection.
 * It cannot show: durability, replication, elections, gossip and discovery, TLS, users and rights, scavenging, limits
 * of size, the speed of a real server, or anything in which a real server differs from what this one was written after.
 */
import * as grpc from '@grpc/grpc-js';
import features from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_grpc_pb.js';
import featureMessages from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_pb.js';
import services from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_grpc_pb.js';
import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import { ServerLog, type Proposed } from './log.js';
import { accessDenied, appended, statusOf, streamIdentifier, streamName, wrongRevision } from './messages.js';
import { Reading } from './reading.js';

type BatchCall = grpc.ServerDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>;
interface Pending {
  options: streams.BatchAppendReq.Options;
  events: Proposed[];
}

/** What befalls the appends that follow, one entry each; undefined: nothing. */
export type Fault =
  undefined | 'lose-answer' | 'never-answer' | 'no-leader' | 'leader-elsewhere' | 'deny' | 'hang';

export class KurrentServer {
  readonly faults: Fault[] = [];
  /** False: no node leads, so whatever needs a leader fails. */
  leading = true;
  #server: grpc.Server | undefined;
  readonly #calls = new Set<
    grpc.ServerDuplexStream<unknown, unknown> | grpc.ServerWritableStream<unknown, unknown>
  >();

  private constructor(
    readonly log: ServerLog,
    public port: number,
  ) {}

  static async start(): Promise<KurrentServer> {
    const server = new KurrentServer(new ServerLog(), 0);
    await server.listen();
    return server;
  }

  get address(): string {
    return `kurrentdb://127.0.0.1:${this.port}?tls=false`;
  }

  /** On the port it had before, with the log it had before. */
  async listen(): Promise<void> {
    const server = new grpc.Server();
    server.addService(services.StreamsService, {
      read: (call: grpc.ServerWritableStream<streams.ReadReq, streams.ReadResp>) => this.#read(call),
      batchAppend: (call: BatchCall) => this.#batchAppend(call),
    });
    server.addService(features.ServerFeaturesService, { getSupportedMethods });
    this.port = await new Promise<number>((resolve, reject) =>
      server.bindAsync(`127.0.0.1:${this.port}`, grpc.ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      ),
    );
    this.#server = server;
  }

  /** Cuts every connection, as a process that dies does. */
  stop(): void {
    this.#server?.forceShutdown();
    this.#server = undefined;
  }

  /** Ends every subscription and append stream, and goes on. */
  dropConnections(): void {
    for (const call of this.#calls) call.emit('error', { code: grpc.status.UNAVAILABLE, details: 'dropped' });
    this.#calls.clear();
  }

  #read(call: grpc.ServerWritableStream<streams.ReadReq, streams.ReadResp>): void {
    this.#calls.add(call);
    call.on('close', () => this.#calls.delete(call));
    const needsLeader = call.metadata.get('requires-leader').includes('true');
    if (!this.leading && needsLeader) return void call.emit('error', notReady());
    new Reading(this.log, call).start();
  }

  #batchAppend(call: BatchCall): void {
    const pending = new Map<string, Pending>();
    this.#calls.add(call);
    call.on('end', () => call.end());
    call.on('close', () => this.#calls.delete(call));
    call.on('data', (request: streams.BatchAppendReq) => {
      const id =
        request.getCorrelationId()?.getString() ?? JSON.stringify(request.getCorrelationId()?.toObject());
      const options = request.getOptions();
      if (options) pending.set(id, { options, events: [] });
      const append = pending.get(id);
      append?.events.push(...request.getProposedMessagesList().map(proposed));
      if (append && request.getIsFinal()) this.#finish(call, request, append);
    });
  }

  #finish(call: BatchCall, request: streams.BatchAppendReq, { options, events }: Pending): void {
    const fault = this.leading ? this.faults.shift() : 'no-leader';
    const stream = streamName(options.getStreamIdentifier());
    const answer = new streams.BatchAppendResp()
      .setCorrelationId(request.getCorrelationId())
      .setStreamIdentifier(streamIdentifier(stream));
    if (fault === 'leader-elsewhere') return void call.emit('error', leaderElsewhere(this.port));
    if (fault === 'no-leader')
      return void call.write(answer.setError(statusOf('google.protobuf.Empty', new Uint8Array())));
    if (fault === 'hang') return;
    if (fault === 'deny') return void call.write(answer.setError(accessDenied()));
    if (options.hasAny() || options.hasStreamExists())
      throw new Error('an append without an expected revision');
    const expected = options.hasNoStream() ? -1 : Number(options.getStreamPosition());
    const stored = this.log.append(stream, expected, events);
    if (fault === 'never-answer') return;
    if (fault === 'lose-answer')
      return void call.emit('error', { code: grpc.status.UNAVAILABLE, details: 'lost' });
    call.write(
      stored
        ? answer.setSuccess(appended(stored))
        : answer.setError(wrongRevision(this.log.revision(stream))),
    );
  }
}

function proposed(message: streams.BatchAppendReq.ProposedMessage): Proposed {
  return {
    id: message.getId()?.getString() ?? '',
    metadata: message.getMetadataMap().toArray(),
    customMetadata: message.getCustomMetadata_asU8(),
    data: message.getData_asU8(),
  };
}

function leaderElsewhere(port: number) {
  const metadata = new grpc.Metadata();
  metadata.set('exception', 'not-leader');
  metadata.set('leader-endpoint-host', '127.0.0.1');
  metadata.set('leader-endpoint-port', String(port));
  return { code: grpc.status.NOT_FOUND, details: 'Leader info available', metadata };
}

function notReady() {
  return { code: grpc.status.UNAVAILABLE, details: 'Server Is Not Ready' };
}

const getSupportedMethods: grpc.handleUnaryCall<unknown, featureMessages.SupportedMethods> = (
  _call,
  callback,
) => {
  const methods = ['read', 'batchappend'].map((name) =>
    new featureMessages.SupportedMethod()
      .setMethodName(name)
      .setServiceName('event_store.client.streams.streams'),
  );
  callback(
    null,
    new featureMessages.SupportedMethods().setMethodsList(methods).setEventStoreServerVersion('24.10.0'),
  );
};
