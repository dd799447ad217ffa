import { createHash } from 'node:crypto';
import { defaultWebsockets, type CdnResource } from '#domain';
import type { Hostname } from '#hostname';

/** Of the resources, one in so many has a wildcard. */
const WILDCARD_EVERY = 10;
const NAME_LENGTH = 12;

/** The resources that the benchmark works with are numbered from 0, and have one hostname each. */
export function resourceId(index: number): string {
  return `r-${index}`;
}

export function resourceOf(index: number): CdnResource {
  return {
    id: resourceId(index),
    account: 'default',
    cname: hasWildcard(index) ? `*.${domainOf(index)}` : hostOf(index),
    secondaryHostnames: [],
    origin: `http://origin-${index % 1_000}.example:8080`,
    integration: 'full',
    websockets: defaultWebsockets('full'),
  };
}

export function hasWildcard(index: number): boolean {
  return index % WILDCARD_EVERY === WILDCARD_EVERY - 1;
}

/** A host that clients of the resource ask for, whether it has a wildcard or not. */
export function hostOf(index: number): Hostname {
  return `www.${domainOf(index)}`;
}

/** Names that differ as those of customers do: regular ones would give snapshots and other files of no size. */
function domainOf(index: number): string {
  const name = createHash('md5').update(`${index}`).digest('base64url').slice(0, NAME_LENGTH);
  return `${name.toLowerCase().replaceAll(/[^a-z0-9]/g, 'x')}.example`;
}
