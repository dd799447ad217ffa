import type { Recorded } from '#domain';
import { removalOf, type SettingsChange, type SettingsEntry } from './settings-entry.js';

/**
 * What one event of a resource's stream makes of its settings entry: the new entry, its removal, or undefined when the
 * event touches no setting of an edge.
 */
export function foldSettings(
  entry: SettingsEntry | undefined,
  resource: string,
  { event, position }: Recorded,
): SettingsChange | undefined {
  switch (event.type) {
    case 'CdnResourceCreated': {
      const { cname, secondaryHostnames, origin, websockets } = event.data;
      const { enabled, openConnections } = websockets;
      return {
        resource,
        position,
        hostnames: [cname, ...secondaryHostnames],
        origin,
        websockets: { enabled, openConnections, position },
      };
    }
    case 'CdnResourceHostnamesChanged':
      return entry && { ...entry, position, hostnames: [event.data.cname, ...event.data.secondaryHostnames] };
    case 'CdnResourceOriginChanged':
      return entry && { ...entry, position, origin: event.data.origin };
    case 'WebsocketsEnabled':
    case 'WebsocketsDisabled':
    case 'WebsocketsResetToDefault': {
      const { enabled, openConnections } = event.data;
      return entry && { ...entry, position, websockets: { enabled, openConnections, position } };
    }
    case 'CdnResourceDeleted':
      return entry && removalOf(entry, position);
    case 'CommandHadNoEffect':
    case 'HostnameClaimRevoked':
      return undefined;
    default:
      return event satisfies never;
  }
}
