import { plainToInstance, type ClassConstructor } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import type { FieldErrorJson } from '#contract';
import { ApiError } from './api-error.js';

/** Of a value that an error shows, in characters. */
const MAX_SHOWN = 200;
/** Of objects and lists in each other. */
const MAX_DEPTH = 32;
const TOO_DEEP = `is nested too deep: ${MAX_DEPTH} levels are allowed`;
const UNKNOWN_FIELD = 'is not a known field';

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
  refuseStrange(input);
  const dto = plainToInstance(Dto, input, { exposeDefaultValues: true });
  const problems = validateSync(dto, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
  });
  if (problems.length > 0) throw invalidRequest(problems.flatMap((problem) => fieldErrors(problem, '')));
  return dto;
}

/**
 * Throws ApiError for what class-transformer does not bear: a field named as what every object inherits, such as
 * `constructor`, which it drops unseen or trips over, and a depth that would exhaust the stack.
 */
function refuseStrange(input: object, parent = '', depth = 1): void {
  for (const [name, value] of Object.entries(input) as [string, unknown][]) {
    const field = fieldOf(parent, name);
    if (name in Object.prototype) throw invalidRequest([{ field, value: null, message: UNKNOWN_FIELD }]);
    if (typeof value !== 'object' || value === null) continue;
    if (depth === MAX_DEPTH) throw invalidRequest([{ field, value: null, message: TOO_DEEP }]);
    refuseStrange(value, field, depth + 1);
  }
}

export function invalidRequest(errors: FieldErrorJson[]): ApiError {
  const detail = errors.map(({ field, message }) => `${field} ${message}`.trim()).join('; ');
  return new ApiError('request_invalid', detail, errors);
}

function fieldErrors(
  { property, value, constraints, children }: ValidationError,
  parent: string,
): FieldErrorJson[] {
  const field = fieldOf(parent, property);
  const own = firstOf(constraints).map((text) => ({
    field,
    value: shown(value),
    message: told(text, property),
  }));
  return [...own, ...(children ?? []).flatMap((child) => fieldErrors(child, field))];
}

function fieldOf(parent: string, property: string): string {
  return parent === '' ? property : `${parent}.${property}`;
}

/** The rule that is declared first, such as that of the type: those after it would say the same again, or nonsense. */
function firstOf(constraints: ValidationError['constraints'] = {}): string[] {
  const { nestedValidation, ...others } = constraints;
  return [nestedValidation ?? [], Object.values(others)].flat().slice(-1);
}

/** class-validator's messages repeat the property, which the field already names. */
function told(text: string, property: string): string {
  if (text === `property ${property} should not exist`) return UNKNOWN_FIELD;
  return text.startsWith(`${property} `) ? text.slice(property.length + 1) : text;
}

function shown(value: unknown): unknown {
  if (value === undefined) return null;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : value;
}
