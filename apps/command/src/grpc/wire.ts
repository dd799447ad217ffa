import type {
  CommandAnswerJson,
  WireBatchAnswer,
  WireChangeResourceRequest,
  WireCommandAnswer,
  WireCreateResourceRequest,
  WireRevertWebsocketsRequest,
  WireWebsocketsChoice,
} from '#contract';
import { toProblem, toWireConvergence, toWireResource } from '#platform';
import type { BatchResult } from '../batch/batch.js';

export function fromCreateRequest({ integration, websockets, ...rest }: WireCreateResourceRequest): object {
  return {
    ...rest,
    integration: nameOf(integration, 'INTEGRATION_'),
    ...(websockets && { websockets: fromChoice(websockets) }),
  };
}

export function fromChangeRequest({
  secondaryHostnames,
  ...rest
}: Omit<WireChangeResourceRequest, 'id'>): object {
  return {
    ...rest,
    ...(secondaryHostnames && { secondaryHostnames: secondaryHostnames.hostnames }),
  };
}

export function fromRevertRequest({ revision, ...rest }: Omit<WireRevertWebsocketsRequest, 'id'>): object {
  return { ...rest, revision: Number(revision) };
}

/** Of any message that says on or off, and what becomes of open connections. */
export function fromChoice({
  openConnections,
  ...rest
}: Pick<WireWebsocketsChoice, 'openConnections'>): object {
  return {
    ...rest,
    ...(openConnections && {
      openConnections: {
        ...openConnections,
        mode: nameOf(openConnections.mode, 'OPEN_CONNECTIONS_MODE_'),
      },
    }),
  };
}

export async function* toWireBatchAnswers(
  results: AsyncIterable<BatchResult>,
): AsyncGenerator<WireBatchAnswer> {
  for await (const result of results) yield toWireBatchAnswer(result);
}

export function toWireAnswer({
  resource,
  revision,
  convergence,
  ...rest
}: CommandAnswerJson): WireCommandAnswer {
  return {
    ...rest,
    revision: String(revision),
    resource: toWireResource(resource),
    convergence: convergence && toWireConvergence(convergence),
  };
}

function toWireBatchAnswer(result: BatchResult): WireBatchAnswer {
  if ('convergence' in result) return { index: 0, convergence: toWireConvergence(result.convergence) };
  const { index } = result;
  if ('answer' in result) return { index, answer: toWireAnswer(result.answer) };
  const { status, code, detail, errors } = toProblem(result.error);
  return { index, problem: { status, code, detail, errors: errors ? JSON.stringify(errors) : '' } };
}

/** `INTEGRATION_FULL` is `full`; a number that has no name stays one. */
function nameOf(value: unknown, prefix: string): unknown {
  return typeof value === 'string' ? value.replace(prefix, '').toLowerCase() : value;
}
