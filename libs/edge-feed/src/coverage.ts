type Range = { epoch: string; previous: bigint; position: bigint };

/** The stretch of the log, without a hole, that other replicas have been heard to publish last. */
export class Coverage {
  #heard: Range | undefined;

  add({ epoch, previous, position }: Range): void {
    const heard = this.#heard;
    const joins = heard?.epoch === epoch && previous <= heard.position && previous >= heard.previous;
    if (!joins) this.#heard = { epoch, previous, position };
    else if (position > heard.position) this.#heard = { ...heard, position };
  }

  covers({ epoch, previous, position }: Range): boolean {
    const heard = this.#heard;
    return heard?.epoch === epoch && heard.previous <= previous && position <= heard.position;
  }
}
