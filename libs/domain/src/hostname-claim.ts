import type { Hostname } from '#hostname';

/**
 * Who may come to hold a hostname, one stream per hostname. A claim is a pointer, not the truth: the resource's own
 * stream says whether it holds the hostname. See docs/decisions on hostname uniqueness.
 */
export type HostnameClaimEvent =
  | { type: 'HostnameClaimed'; data: { hostname: Hostname; resource: string } }
  | { type: 'HostnameReleased'; data: { hostname: Hostname; resource: string } };

export type HostnameClaim = { status: 'unclaimed' } | { status: 'claimed'; resource: string };

export const unclaimed: HostnameClaim = { status: 'unclaimed' };

export function evolveClaim(_claim: HostnameClaim, event: HostnameClaimEvent): HostnameClaim {
  switch (event.type) {
    case 'HostnameClaimed':
      return { status: 'claimed', resource: event.data.resource };
    case 'HostnameReleased':
      return unclaimed;
    default:
      return event satisfies never;
  }
}
