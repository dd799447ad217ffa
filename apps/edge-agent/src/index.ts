export { EdgeConfig } from './config.js';
export { startEdgeAgent } from './edge-agent.js';
