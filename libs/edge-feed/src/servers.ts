/** Where NATS is, and who we are to it. */
export interface Servers {
  /** Without credentials: safe to show. */
  urls: string[];
  credentials: { user: string; pass: string } | undefined;
  /** Only with TLS, and certificates that Node trusts: tls:// in any address asks it of every server. */
  secure: boolean;
}

/** Takes the user and password out of server addresses such as nats://user:password@nats-1:4222; the first ones count. */
export function parseServers(addresses: readonly string[]): Servers {
  const urls = addresses.map((address) => new URL(address));
  const named = urls.find(({ username }) => username !== '');
  return {
    urls: urls.map(({ protocol, host }) => `${protocol}//${host}`),
    credentials: named && {
      user: decodeURIComponent(named.username),
      pass: decodeURIComponent(named.password),
    },
    secure: urls.some(({ protocol }) => protocol === 'tls:'),
  };
}
