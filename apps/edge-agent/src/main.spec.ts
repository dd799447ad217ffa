import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../test/support/condition.js';
import { NatsServer } from '../../../test/support/nats.js';
import { freePorts } from '../../../test/support/ports.js';
import { Program } from '../../../test/support/program.js';
import { SilentServer } from '../../../test/support/silent-server.js';

let data: string;
let env: Record<string, string>;
const programs: Program[] = [];
const servers: { stop(): Promise<void> }[] = [];

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'upgate-edge-agent-'));
  const [edge, agent, nats] = await freePorts(3);
  env = {
    UPGATE_DATA: data,
    UPGATE_EDGE: `127.0.0.1:${edge}`,
    UPGATE_AGENT_HTTP: `127.0.0.1:${agent}`,
    UPGATE_NATS: `nats://127.0.0.1:${nats}`,
  };
});
afterEach(async () => {
  await Promise.all(programs.splice(0).map((program) => program.kill()));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  await rm(data, { recursive: true });
});

function run(more: Record<string, string> = {}): Program {
  const program = new Program('apps/edge-agent/src/main.js', { ...env, ...more });
  programs.push(program);
  return program;
}

async function listenSilently(port: number): Promise<SilentServer> {
  const silent = await SilentServer.listen(port);
  servers.push(silent);
  return silent;
}

const expectStarted = (program: Program) =>
  eventually('the agent to have started', () => {
    if (!program.running) throw new Error(program.said);
    return program.lines.some(({ msg }) => msg === 'edge agent started');
  });

describe('the edge agent as a program', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('ends well on %s, with everything else down', async (signal) => {
    const program = run();
    await expectStarted(program);
    program.signal(signal);
    expect(await program.exited()).toBe(0);
    expect(program.stderr).toBe('');
  });

  it('ends well while NATS takes its connection and says nothing', async () => {
    const [port = 0] = await freePorts(1);
    const silent = await listenSilently(port);
    const program = run({ UPGATE_NATS: `nats://127.0.0.1:${port}` });
    await expectStarted(program);
    await eventually('an attempt to connect', () => silent.taken > 0);
    expect(await program.stop()).toBe(0);
    expect(program.stderr).toBe('');
  });

  it('ends well while NATS, which it was connected to, hangs', async () => {
    const nats = await NatsServer.launch();
    servers.push(nats);
    const program = run({ UPGATE_NATS: nats.url });
    await eventually('the connection', () => program.lines.some(({ msg }) => msg === 'NATS connected'));
    await nats.stop();
    const silent = await listenSilently(nats.port);
    await eventually('an attempt to connect', () => silent.taken > 0);
    expect(await program.stop()).toBe(0);
    expect(program.stderr).toBe('');
  });

  it('names every bad variable, and what is allowed', async () => {
    const program = run({ UPGATE_NATS: '', UPGATE_EDGE: 'here' });
    expect(await program.exited()).toBe(1);
    expect(program.stderr.trim().split('\n').toSorted()).toEqual([
      expect.stringMatching(/^ {2}UPGATE_EDGE="here": must be an address and port/),
      expect.stringMatching(/^ {2}UPGATE_NATS="": must be one or more URLs/),
      'The configuration is not valid.',
    ]);
  });

  it('says in one line that a port or its folder is taken', async () => {
    await expectStarted(run());
    const other = run({ UPGATE_NODE: 'other' });
    expect(await other.exited()).toBe(1);
    expect(other.stderr).toBe(
      `Cannot listen on ${env['UPGATE_EDGE']}: another program uses it. Choose another address with UPGATE_EDGE.\n`,
    );
    const same = run();
    expect(await same.exited()).toBe(1);
    expect(same.stderr).toMatch(/^Another Upgate \(process \d+\) uses the data folder .*\n$/);
  });

  it('starts again after it was killed', async () => {
    const first = run();
    await expectStarted(first);
    await first.kill();
    await expectStarted(run());
  });
});
