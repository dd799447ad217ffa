import { Transform } from 'class-transformer';
import { registerDecorator } from 'class-validator';

/** Where a server listens. An IPv6 host is kept without its brackets. */
export interface ListenAddress {
  host: string;
  port: number;
}

/** `host:port` or `[ipv6]:port`; undefined if the text is neither. Port 0 lets the system choose. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s[\]/]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host !== undefined && port <= 65535 ? { host, port } : undefined;
}

export function formatAddress({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Marks a configuration property as a ListenAddress, given as text. */
export function IsListenAddress(): PropertyDecorator {
  return (target, property) => {
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' ? (parseListenAddress(value) ?? value) : value,
    )(target, property);
    registerDecorator({
      name: 'isListenAddress',
      target: target.constructor,
      propertyName: String(property),
      validator: {
        validate: (value: unknown) => typeof value === 'object' && value !== null,
        defaultMessage: () => 'must be an address and port, such as 127.0.0.1:8080',
      },
    });
  };
}
