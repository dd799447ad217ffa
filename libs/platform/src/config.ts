import { plainToInstance, type ClassConstructor } from 'class-transformer';
import { validateSync } from 'class-validator';

/** A setting is wrong: the message names each variable, its value and what is allowed. */
export class ConfigInvalid extends Error {
  override readonly name = 'ConfigInvalid';
}

/**
 * Reads the properties of `Config` from the environment: `httpAddress` marked `@Env('UPGATE_HTTP')` from UPGATE_HTTP.
 * An absent or empty variable leaves the class's own default. Throws ConfigInvalid naming every bad value.
 */
export function parseConfig<T extends object>(Config: ClassConstructor<T>, env: NodeJS.ProcessEnv): T {
  const variables = environmentOf(Config);
  const given = [...variables].filter(([, variable]) => (env[variable] ?? '') !== '');
  const config = plainToInstance(
    Config,
    Object.fromEntries(given.map(([property, variable]) => [property, env[variable]])),
    { exposeDefaultValues: true },
  );
  const problems = validateSync(config).map(
    ({ property, constraints = {} }) =>
      `${variables.get(property) ?? property}=${JSON.stringify(env[variables.get(property) ?? ''] ?? '')}: ` +
      Object.values(constraints).join(', '),
  );
  if (problems.length > 0)
    throw new ConfigInvalid(`The configuration is not valid.\n  ${problems.join('\n  ')}`);
  return config;
}

const registry = new WeakMap<object, Map<string, string>>();

/** Names the environment variable that a property of a configuration class is read from. */
export function Env(variable: string): PropertyDecorator {
  return (prototype, property) => {
    const variables = registry.get(prototype) ?? new Map<string, string>();
    registry.set(prototype, variables.set(String(property), variable));
  };
}

function environmentOf(Config: ClassConstructor<object>): Map<string, string> {
  const variables = new Map<string, string>();
  for (
    let level: object | null = Config.prototype as object;
    level;
    level = Object.getPrototypeOf(level) as object | null
  ) {
    for (const [property, variable] of registry.get(level) ?? []) variables.set(property, variable);
  }
  return variables;
}
