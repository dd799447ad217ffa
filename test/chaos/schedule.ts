import type { Random } from './random.js';

export const EDGES = ['edge-1', 'edge-2', 'edge-3'] as const;
export const PROJECTIONS = ['projection-1', 'projection-2'] as const;
const PROCESSES = ['command', 'nats', ...PROJECTIONS, ...EDGES] as const;
const DISKS = ['log', ...PROJECTIONS, ...EDGES] as const;
const KINDS = ['kill', 'kill', 'pause', 'cut', 'full'] as const;

/** At the start of a round, for commands that are answered as applied. */
const CALM_MS = 1_500;
const FAULTS_MS = 10_000;
const LONGEST_MS = 3_000;

/** Begins at a time of its round and is undone after `forMs`. */
export interface Fault {
  atMs: number;
  forMs: number;
  kind: (typeof KINDS)[number];
  target: string;
}

/** The faults of a round, in the order in which they begin. None begins on a target that has not recovered. */
export function planRound(random: Random): Fault[] {
  const busyUntil = new Map<string, number>();
  const faults: Fault[] = [];
  for (let atMs = CALM_MS; atMs < FAULTS_MS; atMs += random.between(100, 900)) {
    const kind = random.pick(KINDS);
    const target = random.pick(targetsOf(kind));
    const forMs = random.between(50, LONGEST_MS);
    const place = kind === 'cut' || kind === 'full' ? `${kind} ${target}` : target;
    if ((busyUntil.get(place) ?? 0) > atMs) continue;
    busyUntil.set(place, atMs + forMs);
    faults.push({ atMs, forMs, kind, target });
  }
  return faults;
}

function targetsOf(kind: Fault['kind']): readonly string[] {
  if (kind === 'cut') return EDGES;
  return kind === 'full' ? DISKS : PROCESSES;
}
