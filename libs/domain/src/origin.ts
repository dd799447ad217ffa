export type ParsedOrigin = { ok: true; origin: string } | { ok: false; message: string };

/** Parses the origin of a resource: scheme, host and port of an HTTP server, and nothing more. */
export function parseOrigin(input: string): ParsedOrigin {
  let url: URL;
  try {
    url = new URL(input);
  } catch {
    return invalid('must be a URL such as http://origin.example.com:8080');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return invalid('must start with http:// or https://');
  if (url.username !== '' || url.password !== '') return invalid('must not contain credentials');
  if (url.search !== '' || input.includes('?')) return invalid('must not contain a query');
  if (url.hash !== '' || input.includes('#')) return invalid('must not contain a fragment');
  if (url.pathname !== '/') return invalid('must not contain a path');
  if (url.port === '0') return invalid('must not have the port 0');
  return { ok: true, origin: url.origin };
}

function invalid(message: string): ParsedOrigin {
  return { ok: false, message };
}
