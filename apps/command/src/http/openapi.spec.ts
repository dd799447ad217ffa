import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommandRig } from '../../../../test/support/command-rig.js';

interface Operation {
  summary?: string;
  parameters?: { in: string; name: string; schema?: object }[];
  requestBody?: { content: Record<string, { schema: { $ref?: string } }> };
  responses: Record<
    string,
    { headers?: Record<string, object>; content?: Record<string, { schema: { $ref: string } }> }
  >;
}

interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { properties: Record<string, object> }> };
}

let rig: CommandRig;
let api: OpenApi;

beforeAll(async () => {
  rig = await CommandRig.launch();
  api = (await (await fetch(`${rig.url}/docs-json`)).json()) as OpenApi;
});
afterAll(() => rig.dispose());

const COMMANDS = [
  ['/v1/resources', 'post', '201'],
  ['/v1/resources/{id}', 'patch', '200'],
  ['/v1/resources/{id}', 'delete', '200'],
  ['/v1/resources/{id}/websockets', 'put', '200'],
  ['/v1/resources/{id}/websockets', 'delete', '200'],
  ['/v1/resources/{id}/websockets:revert', 'post', '200'],
] as const;
const BATCHES = [
  ['/v1/websockets:batch', 'SetWebsocketsItem'],
  ['/v1/resources:batch', 'CreateResourceItem'],
] as const;

describe('the description of the interface', () => {
  it('has every command and batch, and nothing else', () => {
    const described = Object.entries(api.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    const expected = [
      ...COMMANDS.map(([path, method]) => `${method} ${path}`),
      ...BATCHES.map(([path]) => `post ${path}`),
    ];
    expect(described.toSorted()).toEqual(expected.toSorted());
  });

  it.each(COMMANDS)('tells of %s %s: parameters, headers, answer and errors', (path, method, status) => {
    const { summary, parameters = [], responses } = api.paths[path]![method]!;
    expect(summary).toBeTruthy();
    const names = parameters.map(({ in: place, name }) => `${place} ${name}`);
    expect(names).toEqual(
      expect.arrayContaining([
        'query wait',
        'query timeout',
        'header Idempotency-Key',
        'header Upgate-Actor',
      ]),
    );
    expect(names.includes('header If-Match')).toBe(path !== '/v1/resources');
    expect(Object.keys(responses[status]!.headers!)).toEqual(
      expect.arrayContaining(['ETag', 'Upgate-Position', 'Idempotency-Replayed']),
    );
    expect(responses[status]!.content!['application/json']!.schema.$ref).toMatch(/CommandAnswerDto$/);
    for (const code of ['400', '409', '413', '415', '422', '500', '503']) {
      expect(responses[code]!.content!['application/problem+json']!.schema.$ref).toMatch(/ProblemDto$/);
    }
  });

  it.each(BATCHES)('tells of the lines of %s', (path, item) => {
    const { requestBody, responses } = api.paths[path]!['post']!;
    expect(requestBody!.content['application/x-ndjson']!.schema.$ref).toMatch(new RegExp(`${item}$`));
    expect(responses['200']!.content!['application/x-ndjson']!.schema.$ref).toMatch(/BatchLineDto$/);
  });

  it('has every field of what is sent', () => {
    const fields = (schema: string) => Object.keys(api.components.schemas[schema]!.properties).toSorted();
    expect(fields('CreateResourceInput')).toEqual([
      'account',
      'cname',
      'id',
      'integration',
      'origin',
      'reason',
      'secondaryHostnames',
      'websockets',
    ]);
    expect(fields('SetWebsocketsItem')).toEqual([
      'enabled',
      'id',
      'idempotencyKey',
      'ifMatch',
      'openConnections',
      'reason',
    ]);
    expect(fields('OpenConnectionsInput')).toEqual(['mode', 'seconds']);
  });

  it('can be read by people', async () => {
    const response = await fetch(`${rig.url}/docs`);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('swagger-ui');
  });
});
