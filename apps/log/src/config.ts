import { configOf, LogConfig, parseConfig, ProgramConfig } from '#platform';

/** Where the log is that the tool works on. */
export class LogToolConfig extends configOf(ProgramConfig, LogConfig) {}

export interface LogOptions {
  store?: string;
  data?: string;
}

/** As the environment says, and options above it. Throws ConfigInvalid. */
export function configure({ store, data }: LogOptions, env: NodeJS.ProcessEnv): LogToolConfig {
  if (store?.includes('@'))
    throw new Error(
      '--store must not hold a password, which others could see: use UPGATE_STORE or UPGATE_STORE_FILE.',
    );
  return parseConfig(LogToolConfig, {
    ...env,
    ...(store !== undefined && { UPGATE_STORE: store, UPGATE_STORE_FILE: '' }),
    ...(data !== undefined && { UPGATE_DATA: data, UPGATE_DATA_FILE: '' }),
  });
}
