import type { ResourceJson } from '#contract';
import type { ResourceRecord } from '#domain';

/** A resource as the API shows it; a deleted one as it last was. Throws if there never was one. */
export function renderResource({
  state,
  revision,
  position,
  createdAt,
  updatedAt,
}: ResourceRecord): ResourceJson {
  if (state.status === 'absent') throw new Error('a resource that never was has nothing to show');
  const { id, account, cname, secondaryHostnames, origin, integration, websockets } = state.resource;
  return {
    id,
    account,
    cname,
    secondaryHostnames,
    origin,
    integration,
    websockets,
    revision,
    position: position.toString(),
    createdAt,
    updatedAt,
  };
}
