import { createLogger, formatAddress, parseConfig, runProgram } from '#platform';
import { startCommand } from './app.js';
import { CommandConfig } from './config.js';

await runProgram(async () => {
  const config = parseConfig(CommandConfig, process.env);
  const logger = createLogger('command', config.log);
  const app = await startCommand(config, logger);
  logger.info({ http: formatAddress(app.address), grpc: formatAddress(config.grpc) }, 'command side started');
  return app;
});
