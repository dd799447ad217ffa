import { once } from 'node:events';
import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../../../test/support/condition.js';
import { grpcLog } from './grpc-log.js';

const path = '/test.Service/Change';
const serialize = (value: object) => Buffer.from(JSON.stringify(value));
const deserialize = (bytes: Buffer) => JSON.parse(bytes.toString()) as object;

const lines: Record<string, unknown>[] = [];
const calls: { call: ServerUnaryCall<object, object>; answer: sendUnaryData<object> }[] = [];
let server: Server;
let client: Client;

beforeAll(async () => {
  const logger = pino(
    {},
    { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[0]) },
  );
  server = new Server({ interceptors: [grpcLog(logger)] });
  const change = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: serialize,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    responseDeserialize: deserialize,
  };
  server.addService(
    { change },
    {
      change: (call: ServerUnaryCall<object, object>, answer: sendUnaryData<object>) =>
        calls.push({ call, answer }),
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
});
afterAll(() => {
  client.close();
  server.forceShutdown();
});

it('logs a call that the client has given up once, when it is carried out, with its position', async () => {
  const ended = Promise.withResolvers<number | undefined>();
  const sent = client.makeUnaryRequest(path, serialize, deserialize, {}, (error) =>
    ended.resolve(error?.code),
  );
  const { call, answer } = await eventually('the call to come', () => calls.pop());
  const cancelled = once(call, 'cancelled');
  sent.cancel();
  expect(await ended.promise).toBe(status.CANCELLED);
  await cancelled;
  expect(lines).toEqual([]);
  answer(null, { position: '7' });
  expect(lines).toMatchObject([{ msg: 'call', method: path, status: 'CANCELLED', position: '7' }]);
});
