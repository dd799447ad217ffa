import { createLogger, parseConfig, runProgram } from '#platform';
import { StandaloneConfig } from './config.js';
import { startStandalone } from './standalone.js';
import { welcome } from './welcome.js';

await runProgram(async () => {
  const config = parseConfig(StandaloneConfig, process.env);
  const logger = createLogger('upgate', config.log);
  const standalone = await startStandalone(config, logger);
  if (config.log === 'pretty') process.stdout.write(welcome(standalone, config));
  else
    logger.info(
      { http: standalone.http, grpc: config.grpc, edge: standalone.edge, nats: standalone.nats },
      'upgate started',
    );
  return standalone;
});
