import { invalidRequest } from '#platform';

/** A place in a list, as text that a client hands back unread. */
export function encodeCursor(key: string): string {
  return Buffer.from(key).toString('base64url');
}

/** Throws ApiError request_invalid for a text that `encodeCursor` has not made of such a key. */
export function decodeCursor(cursor: string, key: RegExp): string {
  const text = Buffer.from(cursor, 'base64url').toString();
  if (key.test(text) && encodeCursor(text) === cursor) return text;
  throw invalidRequest([{ field: 'cursor', value: cursor, message: 'must be the `next` of a page before' }]);
}
