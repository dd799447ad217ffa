export { COMMAND_SERVICES, CommandModule, type CommandModuleOptions } from './command.module.js';
export { type ConvergencePort } from './convergence.js';
