import { plainToInstance, type ClassConstructor } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import type { FieldErrorJson } from '#contract';
import { ApiError } from './api-error.js';

/** Of a value that an error shows, in characters. */
const MAX_SHOWN = 200;

/**
 * The input as an instance of its class, every rule of which holds and with no field that it does not know.
 * Throws ApiError request_invalid naming every bad field, its value and what is allowed.
 */
export function validated<T extends object>(Dto: ClassConstructor<T>, input: unknown): T {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw invalidRequest([{ field: '', value: input, message: 'must be a JSON object' }]);
  }
  return Object.keys(input).length === 0 ? ofNothing(Dto) : checked(Dto, input);
}

const OF_NOTHING = new WeakMap<ClassConstructor<object>, object>();

/** Most requests bear no parameters and few headers: what is made of nothing is made once. */
function ofNothing<T extends object>(Dto: ClassConstructor<T>): T {
  const known = OF_NOTHING.get(Dto) as T | undefined;
  if (known) return known;
  const dto = Object.freeze(checked(Dto, {}));
  OF_NOTHING.set(Dto, dto);
  return dto;
}

function checked<T extends object>(Dto: ClassConstructor<T>, input: object): T {
  const dto = plainToInstance(Dto, input, { exposeDefaultValues: true });
  const problems = validateSync(dto, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
  });
  if (problems.length > 0) throw invalidRequest(problems.flatMap((problem) => fieldErrors(problem, '')));
  return dto;
}

export function invalidRequest(errors: FieldErrorJson[]): ApiError {
  const detail = errors.map(({ field, message }) => `${field} ${message}`.trim()).join('; ');
  return new ApiError('request_invalid', detail, errors);
}

function fieldErrors(
  { property, value, constraints, children }: ValidationError,
  parent: string,
): FieldErrorJson[] {
  const field = parent === '' ? property : `${parent}.${property}`;
  const own = firstOf(constraints).map((text) => ({
    field,
    value: shown(value),
    message: told(text, property),
  }));
  return [...own, ...(children ?? []).flatMap((child) => fieldErrors(child, field))];
}

/** The rule that is declared first, such as that of the type: those after it would say the same again, or nonsense. */
function firstOf(constraints: ValidationError['constraints'] = {}): string[] {
  const { nestedValidation, ...others } = constraints;
  return [nestedValidation ?? [], Object.values(others)].flat().slice(-1);
}

/** class-validator's messages repeat the property, which the field already names. */
function told(text: string, property: string): string {
  if (text === `property ${property} should not exist`) return 'is not a known field';
  return text.startsWith(`${property} `) ? text.slice(property.length + 1) : text;
}

function shown(value: unknown): unknown {
  if (value === undefined) return null;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : value;
}
