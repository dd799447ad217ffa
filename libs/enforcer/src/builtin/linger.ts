import type { Socket } from 'node:net';

const LINGER_MS = 3_000;

/**
 * Ends a socket so that its peer can read all that was written: closing it with bytes of the peer unread would make the
 * kernel throw away what is still on its way. What the peer sends is dropped; it gets 3 s to end its side too.
 */
export function linger(socket: Socket): void {
  socket.removeAllListeners('data');
  socket.resume();
  socket.end();
  if (socket.writableFinished) destroySoon(socket);
  else socket.once('finish', () => destroySoon(socket));
}

function destroySoon(socket: Socket): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}
