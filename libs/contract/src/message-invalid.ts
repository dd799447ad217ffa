/** Bytes are not a message of the feed, or say something that is not allowed. The message tells what and why. */
export class MessageInvalid extends Error {
  override readonly name = 'MessageInvalid';
}
