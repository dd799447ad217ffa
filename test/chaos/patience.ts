/** For an answer to a command. */
export const PATIENCE_MS = 8_000;
/** How long a command asks to wait for the nodes. */
export const WAIT = '1s';
