import { ServerResponse, type IncomingMessage } from 'node:http';
import { linger } from './linger.js';

/**
 * A response for a connection that the HTTP server has let go of, with what the server does for its own: telling that the
 * socket has drained, and that the response is closed. The connection ends with it.
 */
export function lastResponse(request: IncomingMessage): ServerResponse {
  const { socket } = request;
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  socket.on('drain', () => response.emit('drain'));
  response.once('finish', () => {
    response.detachSocket(socket);
    response.emit('close');
    linger(socket);
  });
  return response;
}
