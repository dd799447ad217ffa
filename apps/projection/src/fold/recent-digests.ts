import type { Position } from '#event-store';

const REMEMBERED = 1_024;

/** The digests of the settings at the positions that the projection was at last. */
export class RecentDigests {
  readonly #digests = new Map<Position, string>();

  add({ position, digest }: { position: Position; digest: string }): void {
    this.#digests.set(position, digest);
    if (this.#digests.size <= REMEMBERED) return;
    const [oldest] = this.#digests.keys();
    this.#digests.delete(oldest!);
  }

  /** Undefined if the projection was not at this position lately. */
  at(position: Position): string | undefined {
    return this.#digests.get(position);
  }
}
