// A program that holds a data folder and runs a NATS server for it, for tests that kill it.
import { createLogger, lockInstance, startNatsServer, stopWithParent } from '#platform';

const [dataDir = '', port = ''] = process.argv.slice(2);
const release = lockInstance(dataDir);
const server = await startNatsServer({
  port: Number(port),
  dataDir,
  fleet: 'test',
  logger: createLogger('nats', 'json'),
});
process.once('SIGTERM', () => void server.stop().then(release));
stopWithParent();
console.log(server.url);
