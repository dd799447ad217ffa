import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';

export type Row = Record<string, SQLOutputValue>;

/** A condition such as `account = ?` and its value; undefined: it does not matter. */
export type Condition = readonly [sql: string, value: SQLInputValue | undefined];

/** A statement whose integers are read as bigint, as positions have to be. */
export function reading(db: DatabaseSync, sql: string): StatementSync {
  const statement = db.prepare(sql);
  statement.setReadBigInts(true);
  return statement;
}

/** The rows of `head WHERE (all conditions that have a value) tail`. */
export function selectWhere(
  db: DatabaseSync,
  head: string,
  conditions: readonly Condition[],
  tail: string,
): Row[] {
  const given = conditions.filter(
    (condition): condition is [string, SQLInputValue] => condition[1] !== undefined,
  );
  const where = given.map(([sql]) => sql).join(' AND ');
  return reading(db, `${head} WHERE ${where || 'TRUE'} ${tail}`).all(...given.map(([, value]) => value));
}
