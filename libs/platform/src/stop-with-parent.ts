/**
 * Asks this process to stop, by SIGTERM to itself, when the process that started it over an IPC channel is gone, so
 * that it does not live on as an orphan. Does nothing for a process that was started without such a channel.
 */
export function stopWithParent(): void {
  const stop = (): void => void process.kill(process.pid, 'SIGTERM');
  if (process.send && !process.connected) stop();
  process.once('disconnect', stop);
  process.channel?.unref();
}
