const FLEET = /^[\w-]{1,64}$/;

export interface Subjects {
  change: string;
  head: string;
  rollCall: string;
  sync: string;
  convergence: string;
  forget: string;
  roster: string;
  rosterFor(replica: string): string;
  /** Of every node. */
  statuses: string;
  status(node: string): string;
  chunk(replica: string): string;
}

/** The subjects of one fleet. Throws RangeError if its name cannot be part of a subject. */
export function subjectsOf(fleet: string): Subjects {
  if (!FLEET.test(fleet))
    throw new RangeError(
      `fleet ${JSON.stringify(fleet)} must be 1 to 64 characters of a-z, A-Z, 0-9, "-" and "_"`,
    );
  const root = `upgate.${fleet}`;
  return {
    change: `${root}.change`,
    head: `${root}.head`,
    rollCall: `${root}.rollcall`,
    sync: `${root}.sync`,
    convergence: `${root}.convergence`,
    forget: `${root}.forget`,
    roster: `${root}.roster`,
    rosterFor: (replica) => `${root}.roster.${tokenOf(replica)}`,
    statuses: `${root}.status.*`,
    status: (node) => `${root}.status.${tokenOf(node)}`,
    chunk: (replica) => `${root}.chunk.${tokenOf(replica)}`,
  };
}

/** Any text as one token of a subject: different texts give different tokens. */
export function tokenOf(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[.*!~'()]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
