export { COMMAND_SERVICES, CommandModule } from './command.module.js';
