import { createLogger, formatAddress, parseConfig, runProgram } from '#platform';
import { startProjection } from './app.js';
import { ProjectionConfig } from './config.js';

await runProgram(async () => {
  const config = parseConfig(ProjectionConfig, process.env);
  const logger = createLogger('projection', config.log);
  const app = await startProjection(config, logger);
  logger.info({ http: formatAddress(app.address), grpc: formatAddress(config.grpc) }, 'projection started');
  return app;
});
