import type { Handshake, History, Observation, Report, Violation } from './history.js';
import { PolicyTimeline } from './policy-timeline.js';

/** Holds what every node did and said against the log: its policy was always the log's at a position that only grew. */
export function checkNodes(history: History): Violation[] {
  const { observations, epoch } = history;
  const hosts = observations.flatMap((seen) => (seen.kind === 'handshake' ? [seen.host] : []));
  const timeline = new PolicyTimeline(history, new Set(hosts));
  return [...Map.groupBy(observations, ({ node }) => node).values()].flatMap((own) => {
    const trace = new NodeTrace(timeline, epoch);
    return own.flatMap((observation) => trace.follow(observation));
  });
}

/** One node: the positions that it must have reached by now. */
class NodeTrace {
  /** Enforced. It enforces a change before it has saved it, and says so after. */
  #floor = 0n;
  #reported = 0n;
  /** On its disk: where it starts at the least. */
  #saved = 0n;
  #incarnation = 0;

  constructor(
    private readonly timeline: PolicyTimeline,
    private readonly epoch: string,
  ) {}

  follow(observation: Observation): Violation[] {
    if (observation.incarnation !== this.#incarnation) {
      this.#incarnation = observation.incarnation;
      this.#floor = this.#reported = this.#saved;
    }
    return observation.kind === 'handshake' ? this.#handshake(observation) : this.#report(observation);
  }

  #handshake(handshake: Handshake): Violation[] {
    const { node, host, outcome, at } = handshake;
    const position = this.timeline.earliest(host, outcome, this.#floor);
    if (position !== undefined && this.#isReached(position, at)) {
      this.#floor = position;
      return [];
    }
    const due = this.timeline.outcomeAt(host, this.#floor);
    const account = `${node} answered "${outcome}" for ${host} at ${Math.round(at)} ms; at position ${this.#floor}, which it had reached, it is "${due}", and it is not "${outcome}" at any later position there was`;
    return [{ rule: 'a node enforces only what the log says', account }];
  }

  #report(report: Report): Violation[] {
    const faults = this.#faultsOf(report);
    const { node, at, position, unsaved } = report;
    if (position > this.#floor) this.#floor = position;
    if (position > this.#reported) this.#reported = position;
    if (!unsaved && position > this.#saved) this.#saved = position;
    return faults.map(([rule, account]) => ({
      rule,
      account: `${node} at ${Math.round(at)} ms: ${account}`,
    }));
  }

  #faultsOf({ epoch, position, digest, at }: Report): [rule: string, account: string][] {
    const faults: [string, string][] = [];
    if (epoch !== '' && epoch !== this.epoch)
      faults.push([
        'a node enforces only what the log says',
        `the log ${epoch} is another than ${this.epoch}`,
      ]);
    if (position < this.#reported)
      faults.push([
        'positions never go back',
        `position ${position}, after it had reported ${this.#reported}`,
      ]);
    if (!this.#isReached(position, at))
      faults.push(['a node enforces only what the log says', `position ${position} was not in the log yet`]);
    const due = this.timeline.digestAt(position);
    if (digest !== due)
      faults.push(["a digest is the log's", `${digest} at position ${position}, the log has ${due}`]);
    return faults;
  }

  #isReached(position: bigint, at: number): boolean {
    const limit = this.timeline.unreachable(at);
    return limit === undefined || position < limit;
  }
}
