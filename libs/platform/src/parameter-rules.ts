import { Transform } from 'class-transformer';
import { registerDecorator } from 'class-validator';
import { parseDuration } from './duration.js';

const MAX_POSITION = 2n ** 63n - 1n;

/** The position that a text names; undefined if it is none. */
export function parsePosition(text: string): bigint | undefined {
  if (!/^\d{1,19}$/.test(text)) return undefined;
  const position = BigInt(text);
  return position <= MAX_POSITION ? position : undefined;
}

/** Marks a `bigint` parameter, given as decimal text, as a position in the log. */
export function IsPosition(): PropertyDecorator {
  return parsed('isPosition', parsePosition, 'must be a position: a decimal number, such as 18');
}

/** Marks a `number` parameter, given as text such as `5s`, as a time to wait in milliseconds, at most one minute. */
export function IsTimeout(): PropertyDecorator {
  const parse = (text: string) => {
    const ms = parseDuration(text);
    return ms !== undefined && ms <= 60_000 ? ms : undefined;
  };
  return parsed('isTimeout', parse, 'must be a time such as 250ms or 5s, at most 60s');
}

/** A parameter that is read by `parse`: what it cannot read is left as it was, and refused. */
function parsed<T>(name: string, parse: (text: string) => T | undefined, message: string): PropertyDecorator {
  return (target, property) => {
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' ? (parse(value) ?? value) : value,
    )(target, property);
    registerDecorator({
      name,
      target: target.constructor,
      propertyName: String(property),
      validator: {
        validate: (value: unknown) => typeof value === 'number' || typeof value === 'bigint',
        defaultMessage: () => message,
      },
    });
  };
}
