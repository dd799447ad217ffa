import { Transform } from 'class-transformer';
import { Matches, registerDecorator, ValidateBy } from 'class-validator';
import { isLogAddress, LOG_ADDRESSES } from '#event-store';
import { parseDuration } from './duration.js';

/** Marks a configuration property as milliseconds, given as text such as `5s`; within bounds, in milliseconds. */
export function IsDuration(min: number, max: number): PropertyDecorator {
  return parsedBy({
    name: 'isDuration',
    parse: parseDuration,
    holds: (value) => typeof value === 'number' && value >= min && value <= max,
    allowed: `must be a duration such as 250ms, 5s or 1m, from ${min} ms to ${max} ms`,
  });
}

/** Marks a configuration property as a plain name, such as that of a fleet. */
export function IsName(): PropertyDecorator {
  return Matches(/^[\w-]{1,64}$/, { message: 'must be 1 to 64 letters, digits, "-" and "_"' });
}

/** Marks a configuration property as where the event log is. */
export function IsLogAddress(): PropertyDecorator {
  return ValidateBy({
    name: 'isLogAddress',
    validator: {
      validate: (value) => typeof value === 'string' && isLogAddress(value),
      defaultMessage: () => LOG_ADDRESSES,
    },
  });
}

/** Marks a configuration property as a list of NATS servers, given as URLs with commas in between. */
export function IsNatsServers(): PropertyDecorator {
  return parsedBy({
    name: 'isNatsServers',
    parse: parseNatsServers,
    holds: Array.isArray,
    allowed: 'must be one or more URLs such as nats://127.0.0.1:4222, with commas in between',
  });
}

function parseNatsServers(text: string): string[] | undefined {
  const servers = text.split(',').map((server) => server.trim());
  return servers.every(isNatsServer) ? servers : undefined;
}

function isNatsServer(text: string): boolean {
  return /^(nats|tls):\/\//.test(text) && URL.canParse(text) && new URL(text).hostname !== '';
}

interface Rule {
  name: string;
  /** Undefined if the text is not of this kind. */
  parse: (text: string) => unknown;
  holds: (value: unknown) => boolean;
  allowed: string;
}

function parsedBy({ name, parse, holds, allowed }: Rule): PropertyDecorator {
  return (target, property) => {
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' ? (parse(value) ?? value) : value,
    )(target, property);
    registerDecorator({
      name,
      target: target.constructor,
      propertyName: String(property),
      validator: { validate: holds, defaultMessage: () => allowed },
    });
  };
}
