import type {
  CommandAnswerJson,
  ConvergenceJson,
  ResourceJson,
  WireCommandAnswer,
  WireConvergence,
  WireResource,
} from '#contract';
import { INTEGRATIONS, OPEN_CONNECTIONS_MODES } from '#domain';

/** The answer as it would be over HTTP. */
export function fromWireAnswer(answer: WireCommandAnswer): CommandAnswerJson {
  const { changed, revision, position, resource, convergence } = answer;
  return {
    changed,
    revision: Number(revision),
    position,
    resource: fromWireResource(resource!),
    ...(convergence && { convergence: fromWireConvergence(convergence) }),
  };
}

function fromWireResource(resource: WireResource): ResourceJson {
  const { enabled, source, openConnections } = resource.websockets!;
  const { mode, seconds } = openConnections!;
  return {
    ...resource,
    integration: nameOf(INTEGRATIONS, 'INTEGRATION', resource.integration),
    revision: Number(resource.revision),
    websockets: {
      enabled,
      source: nameOf(['default', 'explicit'], 'POLICY_SOURCE', source),
      openConnections: {
        mode: nameOf(OPEN_CONNECTIONS_MODES, 'OPEN_CONNECTIONS_MODE', mode),
        ...(seconds !== undefined && { seconds }),
      },
    },
  };
}

function fromWireConvergence({ status, ...rest }: WireConvergence): ConvergenceJson {
  return { ...rest, status: nameOf(['applied', 'pending'], 'CONVERGENCE_STATUS', status) };
}

function nameOf<Name extends string>(names: readonly Name[], prefix: string, wire: string): Name {
  const found = names.find((name) => wire === `${prefix}_${name.toUpperCase()}`);
  if (found === undefined) throw new Error(`${wire} is none of ${names.join(', ')}`);
  return found;
}
