/** Lets one loop sleep until it is woken or its time is over. */
export class Waker {
  #wake: () => void = () => undefined;

  wake(): void {
    this.#wake();
  }

  async sleep(ms: number | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
  }
}
