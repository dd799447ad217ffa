import { Transform } from 'class-transformer';
import { registerDecorator } from 'class-validator';
import { IsDuration } from './config-rules.js';
import { invalidRequest } from './validation.js';

const MAX_POSITION = 2n ** 63n - 1n;
const POSITION_RULE = `must be a position: a decimal number such as 18, at most ${MAX_POSITION}`;

/** The position that a text names; undefined if it is none. */
export function parsePosition(text: string): bigint | undefined {
  if (!/^\d{1,19}$/.test(text)) return undefined;
  const position = BigInt(text);
  return position <= MAX_POSITION ? position : undefined;
}

/** The same. Throws ApiError request_invalid that names the field. */
export function requirePosition(field: string, text: string): bigint {
  const position = parsePosition(text);
  if (position !== undefined) return position;
  throw invalidRequest([{ field, value: text, message: POSITION_RULE }]);
}

/** Marks a `bigint` parameter, given as decimal text, as a position in the log. */
export function IsPosition(): PropertyDecorator {
  return (target, property) => {
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' ? (parsePosition(value) ?? value) : value,
    )(target, property);
    registerDecorator({
      name: 'isPosition',
      target: target.constructor,
      propertyName: String(property),
      validator: {
        validate: (value: unknown) => typeof value === 'bigint',
        defaultMessage: () => POSITION_RULE,
      },
    });
  };
}

/** Marks a `number` parameter, given as text such as `5s`, as a time to wait in milliseconds, at most one minute. */
export function IsTimeout(): PropertyDecorator {
  return IsDuration(0, 60_000);
}
