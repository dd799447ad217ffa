import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { once } from 'node:events';
import { gunzipSync } from 'node:zlib';
import { parseTraces, type ReceivedSpan } from './otlp.js';

/** A collector of traces by OTLP over HTTP (protobuf), which keeps what it receives. */
export class OtlpCollector {
  readonly spans: ReceivedSpan[] = [];

  private constructor(private readonly server: Server) {
    server.on('request', (request: IncomingMessage, response) => {
      void this.#take(request).then((status) => response.writeHead(status).end());
    });
  }

  static async start(): Promise<OtlpCollector> {
    const server = createServer();
    const collector = new OtlpCollector(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return collector;
  }

  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  inTrace(traceId: string): ReceivedSpan[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  async #take(request: IncomingMessage): Promise<number> {
    const body = await buffer(request);
    if (request.method !== 'POST' || request.url !== '/v1/traces') return 404;
    if (request.headers['content-type'] !== 'application/x-protobuf') return 415;
    const message = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    this.spans.push(...parseTraces(message));
    return 200;
  }
}
