import { ApiError, parsePosition } from '#platform';
import type { ProjectionRunner } from '../fold/projection-runner.js';
import type { ReadParameters, WebsocketsParameters } from './parameters.js';

/** Waits until the read model is where the query asks it to be. Throws ApiError read_model_behind or shutting_down. */
export async function awaitPosition(
  runner: ProjectionRunner,
  { after, timeout }: Pick<ReadParameters, 'after' | 'timeout'>,
): Promise<void> {
  if (after === undefined || (await runner.reached(after, AbortSignal.timeout(timeout)))) return;
  if (runner.stopping.aborted) throw new ApiError('shutting_down');
  throw new ApiError(
    'read_model_behind',
    `The read model is at position ${runner.position}, not yet at ${after}`,
  );
}

/** The same. How something was at a position cannot be told before the position is reached. */
export async function awaitMoment(
  runner: ProjectionRunner,
  { at = '', after = 0n, timeout }: WebsocketsParameters,
): Promise<void> {
  const position = parsePosition(at) ?? 0n;
  await awaitPosition(runner, { after: position > after ? position : after, timeout });
}
