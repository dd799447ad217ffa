/** An expected refusal, returned as data. The codes are stable: clients match on them. */
export type RefusalCode =
  | 'resource_unknown'
  | 'resource_deleted'
  | 'resource_exists'
  | 'hostname_taken'
  | 'hostname_invalid'
  | 'hostname_repeated'
  | 'origin_invalid'
  | 'revision_mismatch'
  | 'revision_unknown'
  | 'idempotency_key_reused'
  /** Others changed the same stream again and again while the command was decided. */
  | 'contention';

/** Names one bad field, what was given, and what would be right. */
export interface FieldError {
  field: string;
  value: unknown;
  message: string;
}

export interface Refused {
  refused: RefusalCode;
  message: string;
  errors?: FieldError[];
}

export function refuse(refused: RefusalCode, message: string, errors?: FieldError[]): Refused {
  return errors ? { refused, message, errors } : { refused, message };
}
