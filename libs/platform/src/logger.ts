import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

export type LogFormat = 'pretty' | 'json';

const SECRETS = [
  'req.headers.authorization',
  'req.headers.cookie',
  '*.password',
  '*.token',
  '*.authorization',
];

/**
 * Lines are written together, 50 ms after the first at the latest, and all of them before the process ends; only one
 * that is killed takes its last with it. Who does not read them loses lines rather than has them fill the memory.
 */
const MANY_AT_ONCE = {
  fd: 1,
  sync: false,
  minLength: 8 * 1024,
  maxLength: 16 * 1024 * 1024,
  periodicFlush: 50,
} as const;

/** The log of a program: lines of JSON, or text for people on a terminal. */
export function createLogger(name: string, format: LogFormat, level = 'info'): Logger {
  const options = { name, level, redact: SECRETS, serializers: { position: String } };
  if (format === 'json') return pino(options, pino.destination(MANY_AT_ONCE));
  return pino(
    options,
    pretty({
      colorize: process.stdout.isTTY,
      singleLine: true,
      ignore: 'pid,hostname',
      translateTime: 'HH:MM:ss.l',
      sync: true,
    }),
  );
}

/** The same log, for lines that hold no secret by their making: to look for one costs more than to write the line. */
export function withoutSecrets(logger: Logger): Logger {
  return logger.child({}, { redact: [] });
}

/** Nest's own messages, in the same log. */
export class NestLog implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: string): void {
    this.logger.debug({ context }, String(message));
  }

  warn(message: unknown, context?: string): void {
    this.logger.warn({ context }, String(message));
  }

  error(message: unknown, stack?: string, context?: string): void {
    this.logger.error({ context, stack }, String(message));
  }

  fatal(message: unknown, stack?: string, context?: string): void {
    this.logger.fatal({ context, stack }, String(message));
  }
}
