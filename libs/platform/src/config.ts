import { plainToInstance, type ClassConstructor } from 'class-transformer';
import { validateSync } from 'class-validator';
import { IntersectionType } from '@nestjs/swagger';
import { readSetting, type Setting } from './setting.js';

/** A setting is wrong: the message names each variable, its value and what is allowed. */
export class ConfigInvalid extends Error {
  override readonly name = 'ConfigInvalid';
}

/**
 * Reads the properties of `Config` from the environment: `httpAddress` marked `@Env('UPGATE_HTTP')` from UPGATE_HTTP,
 * or from the file that UPGATE_HTTP_FILE names. An absent or empty variable leaves the class's own default. Throws
 * ConfigInvalid naming every bad value.
 */
export function parseConfig<T extends object>(Config: ClassConstructor<T>, env: NodeJS.ProcessEnv): T {
  const settings = new Map(
    [...environmentOf(Config)].map(([property, variable]) => [property, readSetting(variable, env)]),
  );
  reject([...settings.values()].flatMap((setting) => problemOf(setting)));
  const given = [...settings].flatMap(([property, { value }]) =>
    value === undefined ? [] : [[property, value] as const],
  );
  const config = plainToInstance(Config, Object.fromEntries(given), { exposeDefaultValues: true });
  reject(
    validateSync(config).flatMap(({ property, constraints = {} }) => {
      const allowed = Object.values(constraints).join(', ');
      return problemOf(settings.get(property) ?? { shown: property }, allowed);
    }),
  );
  return config;
}

function problemOf({ shown, problem }: Setting, found = problem): string[] {
  return found === undefined ? [] : [`${shown}: ${found}`];
}

function reject(problems: string[]): void {
  if (problems.length > 0)
    throw new ConfigInvalid(`The configuration is not valid.\n  ${problems.join('\n  ')}`);
}

const registry = new WeakMap<object, Map<string, string>>();

/** Names the environment variable that a property of a configuration class is read from. */
export function Env(variable: string): PropertyDecorator {
  return (prototype, property) => {
    const variables = registry.get(prototype) ?? new Map<string, string>();
    registry.set(prototype, variables.set(String(property), variable));
  };
}

/** A configuration class with the settings of several. */
export function configOf<Parts extends ClassConstructor<object>[]>(...parts: Parts) {
  const Combined = IntersectionType(...parts);
  registry.set(Combined.prototype as object, new Map(parts.flatMap((part) => [...environmentOf(part)])));
  return Combined;
}

/** The environment variable of each property of a configuration class, those of the classes above it included. */
export function environmentOf(Config: ClassConstructor<object>): Map<string, string> {
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
