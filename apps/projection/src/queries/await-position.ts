import { ApiError } from '#platform';
import type { ProjectionRunner } from '../fold/projection-runner.js';
import type { ReadParameters } from './parameters.js';

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
