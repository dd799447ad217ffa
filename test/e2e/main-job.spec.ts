import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HistoryItemJson, ProblemJson, ResourceJson } from '#contract';
import { closed, echo, handshake, handshakeStatus, httpStatus, openSocket } from '../support/edge-client.js';
import { Origin } from '../support/origin.js';
import { Upgate } from '../support/upgate.js';

describe('a command changes a real handshake at a real edge', () => {
  let upgate: Upgate;
  let origin: Origin;

  beforeAll(async () => {
    [upgate, origin] = await Promise.all([Upgate.start(), Origin.start('the origin')]);
  });
  afterAll(async () => {
    await Promise.all([upgate?.remove(), origin?.stop()]);
  });

  const create = (id: string, integration: string, more: object = {}) =>
    upgate.createResource({ id, cname: `${id}.test`, origin: origin.url, integration, ...more });
  const put = (id: string, body: object) => upgate.command('PUT', `/v1/resources/${id}/websockets`, body);

  it('has WebSockets on for the entire site and off for static assets only', async () => {
    await create('site', 'full');
    await create('assets', 'partial', { secondaryHostnames: ['*.assets.test'] });
    expect(await handshake(upgate.edge, 'site.test')).toMatchObject({
      open: true,
      greeting: 'welcome to the origin',
    });
    expect(await handshakeStatus(upgate.edge, 'assets.test')).toBe(403);
    expect(await handshakeStatus(upgate.edge, 'Img.Assets.test:8088')).toBe(403);
    expect(await httpStatus(upgate.edge, 'img.assets.test')).toBe(200);
    expect(await httpStatus(upgate.edge, 'nobody.test')).toBe(421);
  });

  it('answers a refused handshake at the edge, naming the resource and the position of the policy', async () => {
    await create('refused', 'full');
    const { position } = await put('refused', { enabled: false, reason: 'abuse' });
    const before = origin.requests.length;
    const result = await handshake(upgate.edge, 'refused.test');
    expect(result).toMatchObject({
      open: false,
      status: 403,
      headers: { 'content-type': 'application/problem+json' },
    });
    if (result.open) throw new Error('it opened');
    expect(JSON.parse(result.body)).toMatchObject({
      code: 'websockets_disabled',
      resource: 'refused',
      position,
    });
    expect(result.headers['connection']).toBe('close');
    expect(origin.requests).toHaveLength(before);
  });

  it('goes off, on and back to the default, each time enforced when the command is answered', async () => {
    await create('switch', 'partial');
    for (let round = 0; round < 5; round += 1) {
      await put('switch', { enabled: true });
      expect(await handshakeStatus(upgate.edge, 'switch.test')).toBe(101);
      await upgate.command('DELETE', '/v1/resources/switch/websockets');
      expect(await handshakeStatus(upgate.edge, 'switch.test')).toBe(403);
    }
  });

  it('treats open connections as the command says', async () => {
    await create('fate', 'full');
    await create('bystander', 'full');
    const bystander = await openSocket(upgate.edge, 'bystander.test');
    const first = await openSocket(upgate.edge, 'fate.test');
    await put('fate', { enabled: false, openConnections: { mode: 'keep' } });
    expect(await handshakeStatus(upgate.edge, 'fate.test')).toBe(403);
    expect(await echo(first, 'still here')).toBe('still here');
    const ended = closed(first);
    await put('fate', { enabled: false, openConnections: { mode: 'close' } });
    expect(await ended).toBe(1008);

    await put('fate', { enabled: true });
    const drained = await Promise.all(Array.from({ length: 4 }, () => openSocket(upgate.edge, 'fate.test')));
    const codes = drained.map(closed);
    await put('fate', { enabled: false, openConnections: { mode: 'drain', seconds: 1 } });
    expect(await Promise.all(codes)).toEqual([1008, 1008, 1008, 1008]);
    expect(await echo(bystander, 'undisturbed')).toBe('undisturbed');
    bystander.terminate();
  });

  it('serves no host of a deleted resource, and frees its hostnames', async () => {
    await create('mortal', 'full');
    await upgate.command('DELETE', '/v1/resources/mortal');
    expect(await handshakeStatus(upgate.edge, 'mortal.test')).toBe(421);
    await upgate.createResource({
      id: 'heir',
      cname: 'mortal.test',
      origin: origin.url,
      integration: 'full',
    });
    expect(await handshakeStatus(upgate.edge, 'mortal.test')).toBe(101);
  });

  it('moves a hostname and an origin', async () => {
    const other = await Origin.start('the other');
    try {
      await create('mover', 'full');
      await upgate.command('PATCH', '/v1/resources/mover', {
        origin: other.url,
        secondaryHostnames: ['moved.test'],
      });
      expect(await handshake(upgate.edge, 'moved.test')).toMatchObject({
        open: true,
        greeting: 'welcome to the other',
      });
    } finally {
      await other.stop();
    }
  });

  it('keeps who, when, why, before and after', async () => {
    await create('audited', 'full');
    await upgate.call(
      'PUT',
      '/v1/resources/audited/websockets',
      { enabled: false, reason: 'abuse' },
      { 'upgate-actor': 'alice' },
    );
    const { body } = await upgate.call<{ items: HistoryItemJson[] }>(
      'GET',
      '/v1/resources/audited/history?after=1',
    );
    const history = await upgate.call<{ items: HistoryItemJson[] }>(
      'GET',
      `/v1/resources/audited/history?after=${body.items[0]!.position}`,
    );
    expect(history.body.items.map(({ type }) => type)).toEqual(['WebsocketsDisabled', 'CdnResourceCreated']);
    expect(history.body.items[0]).toMatchObject({
      reason: 'abuse',
      actor: { id: 'alice', address: '127.0.0.1' },
      before: { websockets: { enabled: true, source: 'default' } },
      after: { websockets: { enabled: false, source: 'explicit' } },
    });
  });

  it('reads its own writes with after=', async () => {
    await create('mine', 'full');
    for (let round = 0; round < 20; round += 1) {
      const enabled = round % 2 === 1;
      const { body } = await upgate.call<{ position: string }>('PUT', '/v1/resources/mine/websockets', {
        enabled,
      });
      const read = await upgate.call<ResourceJson>('GET', `/v1/resources/mine?after=${body.position}`);
      expect(read.body.websockets.enabled).toBe(enabled);
    }
  });

  it('gives a hostname to one of twenty who ask at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        upgate.call<ProblemJson>('POST', '/v1/resources', {
          id: `rival-${index}`,
          cname: 'wanted.test',
          origin: origin.url,
          integration: 'full',
        }),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    for (const { status, body } of answers) if (status !== 201) expect(body.code).toBe('hostname_taken');
  });

  it('names what is wrong with bad input', async () => {
    const { status, body } = await upgate.call<ProblemJson>('PUT', '/v1/resources/site/websockets', {
      enabled: 'yes',
    });
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'request_invalid', errors: [{ field: 'enabled', value: 'yes' }] });
  });
});
