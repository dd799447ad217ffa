import { describe, expect, it } from 'vitest';
import {
  absent,
  asCdnResourceEvent,
  decide,
  defaultWebsockets,
  evolve,
  evolveRecord,
  noRecord,
  type CdnResource,
  type CdnResourceCommand,
  type CdnResourceEvent,
  type Decision,
  type WebsocketsPolicy,
} from '#domain';

const shop: CdnResource = {
  id: 'shop',
  account: 'acme',
  cname: 'shop.example.com',
  secondaryHostnames: ['*.shop.example.com'],
  origin: 'http://origin.example.com:8080',
  integration: 'full',
  websockets: defaultWebsockets('full'),
};
const created: CdnResourceEvent = { type: 'CdnResourceCreated', data: shop };
const assets: CdnResourceEvent = {
  type: 'CdnResourceCreated',
  data: { ...shop, integration: 'partial', websockets: defaultWebsockets('partial') },
};
const deleted: CdnResourceEvent = { type: 'CdnResourceDeleted', data: {} };
const drain30 = { mode: 'drain', seconds: 30 } as const;
const off: WebsocketsPolicy = { enabled: false, source: 'explicit', openConnections: drain30 };
const on: WebsocketsPolicy = { enabled: true, source: 'explicit', openConnections: drain30 };
const create: Extract<CdnResourceCommand, { type: 'CreateCdnResource' }> = {
  type: 'CreateCdnResource',
  resource: {
    id: 'shop',
    account: 'acme',
    cname: 'Shop.Example.com.',
    secondaryHostnames: ['*.SHOP.example.com'],
    origin: 'http://Origin.example.com:8080/',
    integration: 'full',
  },
};
const disable = { type: 'SetWebsockets', enabled: false } as const;
const enable = { type: 'SetWebsockets', enabled: true } as const;
const reset = { type: 'ResetWebsockets' } as const;

function given(...events: CdnResourceEvent[]) {
  return { when: (command: CdnResourceCommand): Decision => decide(command, events.reduce(evolve, absent)) };
}

describe('creating a resource', () => {
  it('normalises hostnames and origin, and turns WebSockets on for the entire site', () => {
    expect(given().when(create)).toEqual([created]);
  });

  it('leaves WebSockets off for static assets only', () => {
    expect(given().when({ ...create, resource: { ...create.resource, integration: 'partial' } })).toEqual([
      assets,
    ]);
  });

  it('records an explicit choice as an event of its own', () => {
    const decision = given().when({
      ...create,
      resource: { ...create.resource, websockets: { enabled: false } },
    });
    expect(decision).toEqual([created, { type: 'WebsocketsDisabled', data: off }]);
  });

  it('refuses an id that is in use, or has been', () => {
    expect(given(created).when(create)).toMatchObject({ refused: 'resource_exists' });
    expect(given(created, deleted).when(create)).toMatchObject({ refused: 'resource_deleted' });
  });

  it('names every hostname that is not valid', () => {
    const resource = { ...create.resource, cname: 'a..b', secondaryHostnames: ['ok.example', '10.0.0.1'] };
    expect(given().when({ ...create, resource })).toMatchObject({
      refused: 'hostname_invalid',
      errors: [
        { field: 'cname', value: 'a..b' },
        { field: 'secondaryHostnames.1', value: '10.0.0.1', message: 'must be a name, not an address' },
      ],
    });
  });

  it('refuses a hostname given twice in any spelling', () => {
    const resource = { ...create.resource, secondaryHostnames: ['SHOP.example.com'] };
    expect(given().when({ ...create, resource })).toMatchObject({
      refused: 'hostname_repeated',
      errors: [{ field: 'secondaryHostnames.0', value: 'SHOP.example.com' }],
    });
  });

  it.each([
    'ftp://a.example',
    'http://user:pw@a.example',
    'http://a.example/path',
    'http://a.example/?',
    'http://a.example/#',
    'a.example:80',
    '',
    'http://',
  ])('refuses the origin %j', (origin) => {
    expect(given().when({ ...create, resource: { ...create.resource, origin } })).toMatchObject({
      refused: 'origin_invalid',
      errors: [{ field: 'origin', value: origin }],
    });
  });
});

describe('switching WebSockets', () => {
  it('carries the whole policy in every event', () => {
    expect(given(created).when(disable)).toEqual([{ type: 'WebsocketsDisabled', data: off }]);
    expect(given(assets).when(enable)).toEqual([{ type: 'WebsocketsEnabled', data: on }]);
    const close = { ...disable, openConnections: { mode: 'close' } } as const;
    expect(given(created).when(close)).toEqual([
      { type: 'WebsocketsDisabled', data: { ...off, openConnections: { mode: 'close' } } },
    ]);
  });

  it('makes a default explicit, also where the answer is the same', () => {
    expect(given(created).when(enable)).toEqual([{ type: 'WebsocketsEnabled', data: on }]);
    expect(given(assets).when(disable)).toEqual([{ type: 'WebsocketsDisabled', data: off }]);
  });

  it('changes nothing when the policy is in force already', () => {
    expect(given(created, { type: 'WebsocketsDisabled', data: off }).when(disable)).toEqual([]);
    expect(given(created).when(reset)).toEqual([]);
  });

  it('takes another fate for open connections as a change', () => {
    const disabled: CdnResourceEvent = { type: 'WebsocketsDisabled', data: off };
    const sooner: CdnResourceCommand = { ...disable, openConnections: { mode: 'drain', seconds: 5 } };
    expect(given(created, disabled).when(sooner)).toHaveLength(1);
  });

  it('resets to the default of the integration', () => {
    const disabled: CdnResourceEvent = { type: 'WebsocketsDisabled', data: off };
    const enabled: CdnResourceEvent = { type: 'WebsocketsEnabled', data: on };
    expect(given(created, disabled).when(reset)).toEqual([
      { type: 'WebsocketsResetToDefault', data: defaultWebsockets('full') },
    ]);
    expect(given(assets, enabled).when(reset)).toEqual([
      { type: 'WebsocketsResetToDefault', data: defaultWebsockets('partial') },
    ]);
  });

  it('reverts to an earlier policy by the event that fits it', () => {
    const disabled: CdnResourceEvent = { type: 'WebsocketsDisabled', data: off };
    const back = given(created, disabled).when({
      type: 'RevertWebsockets',
      revision: 1,
      earlier: shop.websockets,
    });
    expect(back).toEqual([{ type: 'WebsocketsResetToDefault', data: shop.websockets }]);
    const again = given(created).when({ type: 'RevertWebsockets', revision: 2, earlier: off });
    expect(again).toEqual([disabled]);
  });
});

describe('changing a resource', () => {
  it('records only what differs', () => {
    const change = { cname: 'SHOP.example.com', origin: 'https://new.example.com' };
    expect(given(created).when({ type: 'ChangeCdnResource', change })).toEqual([
      { type: 'CdnResourceOriginChanged', data: { origin: 'https://new.example.com' } },
    ]);
    expect(given(created).when({ type: 'ChangeCdnResource', change: { secondaryHostnames: [] } })).toEqual([
      { type: 'CdnResourceHostnamesChanged', data: { cname: 'shop.example.com', secondaryHostnames: [] } },
    ]);
    expect(given(created).when({ type: 'ChangeCdnResource', change: {} })).toEqual([]);
  });

  it('refuses a secondary hostname that is the cname', () => {
    const change = { secondaryHostnames: ['shop.example.com'] };
    expect(given(created).when({ type: 'ChangeCdnResource', change })).toMatchObject({
      refused: 'hostname_repeated',
    });
  });
});

describe('a resource that is not there', () => {
  const commands: CdnResourceCommand[] = [
    disable,
    reset,
    { type: 'DeleteCdnResource' },
    { type: 'ChangeCdnResource', change: {} },
    { type: 'RevertWebsockets', revision: 1, earlier: off },
  ];
  it.each(commands)('refuses $type', (command) => {
    expect(given().when(command)).toMatchObject({ refused: 'resource_unknown' });
    expect(given(created, deleted).when(command)).toMatchObject({ refused: 'resource_deleted' });
  });

  it('is deleted once', () => {
    expect(given(created).when({ type: 'DeleteCdnResource' })).toEqual([deleted]);
  });
});

describe('the record of a resource', () => {
  it('dates creation and the last change, and counts every event', () => {
    const noEffect: CdnResourceEvent = { type: 'CommandHadNoEffect', data: { command: 'ResetWebsockets' } };
    const record = [created, { type: 'WebsocketsDisabled', data: off } as const, noEffect]
      .map((event, index) => ({
        event,
        revision: index + 1,
        position: BigInt(10 * (index + 1)),
        time: `t${index + 1}`,
      }))
      .reduce(evolveRecord, noRecord);
    expect(record).toMatchObject({ revision: 3, position: 30n, createdAt: 't1', updatedAt: 't2' });
    expect(record.state).toMatchObject({ status: 'live', resource: { websockets: off } });
  });

  it('skips no event that it does not know', () => {
    expect(() => asCdnResourceEvent({ type: 'WebsocketsPainted', data: {} })).toThrow(/WebsocketsPainted/);
  });
});
