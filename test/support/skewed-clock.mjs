/** Sets the wall clock of the process that imports it off by SKEW_MS, for as long as it runs. */
const skew = Number(process.env.SKEW_MS);
const now = Date.now;

globalThis.Date = class extends Date {
  constructor(...given) {
    if (given.length === 0) super(now() + skew);
    else super(...given);
  }

  static now() {
    return now() + skew;
  }
};
