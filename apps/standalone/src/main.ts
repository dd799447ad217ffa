import { createLogger, parseConfig, runProgram } from '#platform';
import { StandaloneConfig } from './config.js';
import { startStandalone } from './standalone.js';
import { welcome } from './welcome.js';

await runProgram(async () => {
  const config = parseConfig(StandaloneConfig, process.env);
  const logger = createLogger('upgate', config.log);
  const standalone = await startStandalone(config, logger);
  logger.info({ http: standalone.http, edge: standalone.edge, nats: standalone.nats }, 'upgate started');
  process.stderr.write(welcome(standalone, config));
  return standalone;
});
