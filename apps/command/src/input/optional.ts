import { ValidateIf } from 'class-validator';

/** The field may be left out; null is not the same. */
export function Optional(): PropertyDecorator {
  return ValidateIf((_object, value) => value !== undefined);
}
