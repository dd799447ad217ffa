/** Thrown inside the threads of the log when what is on disk is not what was written. */
export class Damaged extends Error {
  override readonly name = 'Damaged';
}
