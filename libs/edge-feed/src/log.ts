/** Where the feed tells what happens: a pino logger is one. */
export interface FeedLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
