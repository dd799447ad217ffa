const SMALLEST = 16;
const MAX_LOAD = 0.8;
/** For those who come after the ones that were expected. */
const SPARE = 1.06;

/**
 * Addresses by the hash of their key: open addressing over flat memory, 8 bytes a slot. It never sees a key, so whoever
 * looks one up compares it with what is at each address found.
 */
export class HashIndex {
  /** Pairs of a hash and an address plus one; 0: the slot is free. */
  #slots = new Int32Array(2 * SMALLEST);
  #count = SMALLEST;
  #size = 0;
  /** Of no meaning: what is read has to go somewhere. */
  touched = 0;

  /** How many addresses there are. */
  get size(): number {
    return this.#size;
  }

  /** Makes room for so many more. */
  expect(count: number): void {
    const needed = (this.#size + count) / MAX_LOAD;
    if (needed > this.#count) this.#resize(Math.ceil(needed * SPARE));
  }

  /** False: no other key has this hash. */
  add(hash: number, address: number): boolean {
    if (this.#size + 1 > this.#count * MAX_LOAD) this.#resize(2 * this.#count);
    this.#size += 1;
    return this.#put(hash, address + 1);
  }

  /** Reads where a hash leads to, so that whoever looks there a little later need not wait for the memory. */
  touch(hash: number): void {
    this.touched ^= this.#slots[2 * this.#home(hash)]!;
  }

  remove(hash: number, address: number): void {
    const slot = this.#slotOf(hash, address);
    if (slot === -1) return;
    this.#size -= 1;
    this.#closeGap(slot);
  }

  /** What was at one address is at another now. */
  move(hash: number, from: number, to: number): void {
    const slot = this.#slotOf(hash, from);
    if (slot !== -1) this.#slots[2 * slot + 1] = to + 1;
  }

  /** The address with this hash that is the one, or -1. */
  find(hash: number, isIt: (address: number) => boolean): number {
    for (let slot = this.#seek(hash); slot !== -1; slot = this.#seek(hash, this.#after(slot))) {
      const address = this.#slots[2 * slot + 1]! - 1;
      if (isIt(address)) return address;
    }
    return -1;
  }

  /** Where the search for a hash begins. */
  #home(hash: number): number {
    return (hash >>> 0) % this.#count;
  }

  #after(slot: number): number {
    return slot + 1 === this.#count ? 0 : slot + 1;
  }

  /** How many slots there are from one to another, forward. */
  #distance(from: number, to: number): number {
    return to < from ? to - from + this.#count : to - from;
  }

  /** The first slot with this hash, or the first from the one given on; -1: there is none. */
  #seek(hash: number, from = this.#home(hash)): number {
    for (let slot = from; this.#slots[2 * slot + 1] !== 0; slot = this.#after(slot)) {
      if (this.#slots[2 * slot] === hash) return slot;
    }
    return -1;
  }

  #slotOf(hash: number, address: number): number {
    let slot = this.#seek(hash);
    while (slot !== -1 && this.#slots[2 * slot + 1] !== address + 1)
      slot = this.#seek(hash, this.#after(slot));
    return slot;
  }

  #put(hash: number, stored: number): boolean {
    let slot = this.#home(hash);
    let met = false;
    for (; this.#slots[2 * slot + 1] !== 0; slot = this.#after(slot)) met ||= this.#slots[2 * slot] === hash;
    this.#slots[2 * slot] = hash;
    this.#slots[2 * slot + 1] = stored;
    return met;
  }

  /** Moves back what a free slot would hide: all that is further from its own slot than the gap is. */
  #closeGap(freed: number): void {
    let gap = freed;
    for (let slot = this.#after(gap); this.#slots[2 * slot + 1] !== 0; slot = this.#after(slot)) {
      const home = this.#home(this.#slots[2 * slot]!);
      if (this.#distance(home, slot) < this.#distance(gap, slot)) continue;
      this.#slots.copyWithin(2 * gap, 2 * slot, 2 * slot + 2);
      gap = slot;
    }
    this.#slots[2 * gap + 1] = 0;
  }

  #resize(slots: number): void {
    const old = this.#slots;
    this.#slots = new Int32Array(2 * slots);
    this.#count = slots;
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] !== 0) this.#put(old[at]!, old[at + 1]!);
    }
  }
}
