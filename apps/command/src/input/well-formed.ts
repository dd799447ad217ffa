import { ValidateBy } from 'class-validator';

/** Half a surrogate pair, which JSON can escape, is in no UTF-8: gRPC and the history could not tell it again. */
export function IsWellFormed(): PropertyDecorator {
  return ValidateBy({
    name: 'isWellFormed',
    validator: {
      validate: (value: unknown) => typeof value !== 'string' || value.isWellFormed(),
      defaultMessage: () => 'must be well-formed Unicode, without half a surrogate pair',
    },
  });
}
