import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { snippetsOf } from '../support/markdown.js';
import { Upgate } from '../support/upgate.js';

const run = promisify(execFile);
const README = join(import.meta.dirname, '../../README.md');

/** What each snippet marked to be run has to print, in the order of the README. */
const EXPECTED: RegExp[][] = [
  [/"changed":true,"revision":1/, /"enabled":false,"source":"explicit"/, /"status":"applied","required":1/],
  [/^HTTP\/1\.1 403 /m, /"code":"websockets_disabled"/, /"resource":"shop"/],
  [/"status":"applied"/, /"enabled":true,"source":"default"/],
  [
    /^\{"index":0,"status":200,.*"enabled":false/m,
    /^\{"index":1,"status":200,.*"enabled":true/m,
    /^\{"convergence":.*"status":"applied"/m,
  ],
  [/"type":"WebsocketsDisabled"/, /"actor":\{"id":"alice"/, /"code":"resource_unknown"/],
  [/"verdict":"same"/, /^event: /m],
];

describe('the README', () => {
  let upgate: Upgate;
  let snippets: string[];

  beforeAll(async () => {
    const text = await readFile(README, 'utf8');
    snippets = snippetsOf(text);
    upgate = await Upgate.start();
  });
  afterAll(() => upgate?.remove());

  it('has snippets that do what it says', async () => {
    expect(snippets).toHaveLength(EXPECTED.length);
    for (const [index, snippet] of snippets.entries()) {
      const script = snippet
        .replaceAll('127.0.0.1:8080', upgate.env['UPGATE_HTTP']!)
        .replaceAll('127.0.0.1:8088', upgate.edge);
      const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script]);
      for (const pattern of EXPECTED[index]!) expect(stdout).toMatch(pattern);
    }
  });
});
