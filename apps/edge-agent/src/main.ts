import { createLogger, formatAddress, parseConfig, runProgram, startTracing } from '#platform';
import { EdgeAgentConfig } from './config.js';
import { startEdgeAgent } from './edge-agent.js';

await runProgram(async () => {
  const config = parseConfig(EdgeAgentConfig, process.env);
  const logger = createLogger('edge-agent', config.log);
  const stopTracing = await startTracing('upgate-edge-agent', logger);
  const agent = await startEdgeAgent(config, config.nats, logger);
  const [edge, health] = [agent.address, agent.healthAddress].map(formatAddress);
  logger.info({ edge, health, node: config.node, fleet: config.fleet }, 'edge agent started');
  const stop = async () => {
    await agent.stop();
    await stopTracing();
  };
  return { stop };
});
