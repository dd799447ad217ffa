/** Of the changes that are sent, and the only one that is understood. */
export const CHANGE_VERSION = 1;

/** Of any message on the feed: below what a NATS server takes by default (1 MiB). */
export const MAX_MESSAGE_BYTES = 1_000_000;
/** Of a message that holds no settings: heads, requests. */
export const MAX_SMALL_MESSAGE_BYTES = 4 * 1024;
/** Of a status, and of an answer to a convergence request with all its nodes. */
export const MAX_STATUS_BYTES = 32 * 1024;
export const MAX_CONVERGENCE_BYTES = 512 * 1024;

/** Of every chunk of a snapshot but the last. */
export const CHUNK_BYTES = 512 * 1024;
export const MAX_SNAPSHOT_BYTES = 2 ** 30;

/** Characters. */
export const MAX_NAME_LENGTH = 128;
export const MAX_HOSTNAME_LENGTH = 253;
export const MAX_ORIGIN_LENGTH = 2048;
export const MAX_ERROR_LENGTH = 4096;

/** Nodes named in an answer to a convergence request, by reason. */
export const MAX_NODES_NAMED = 100;
export const MAX_CONVERGENCE_TIMEOUT_MS = 600_000;
export const MAX_RETRY_AFTER_MS = 600_000;
export const MAX_STATUS_WITHIN_MS = 1_000;
