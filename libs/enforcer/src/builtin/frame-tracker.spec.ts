import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frame } from '../../../../test/support/frames.js';
import { closeFrame, maskedCloseFrame, WEBSOCKETS_DISABLED } from './close-frame.js';
import { FrameTracker } from './frame-tracker.js';

const frames = fc
  .record({
    opcode: fc.constantFrom(0, 1, 2, 9, 10),
    fin: fc.boolean(),
    mask: fc.boolean(),
    length: fc.oneof(fc.nat(200), fc.constantFrom(125, 126, 127, 65_535, 65_536, 70_000)),
  })
  .map(({ length, ...options }) => frame(Buffer.alloc(length, 0x88), options));

const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 70_000 })), {
  minLength: 1,
});

/** Cuts bytes into portions of the sizes given, over and over. */
function portions(bytes: Buffer, cuts: number[]): Buffer[] {
  const cut: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += cut.at(-1)!.length)
    cut.push(bytes.subarray(at, at + cuts[cut.length % cuts.length]!));
  return cut;
}

describe('the frame tracker', () => {
  it('is at a boundary exactly where a frame ends, however the bytes are cut', () => {
    const property = fc.property(fc.array(frames, { maxLength: 6 }), sizes, (sent, cuts) => {
      const tracker = new FrameTracker();
      const ends = new Set([0]);
      for (const { length } of sent) ends.add(Math.max(...ends) + length);
      let at = 0;
      for (const portion of portions(Buffer.concat(sent), cuts)) {
        tracker.track(portion);
        at += portion.length;
        expect(tracker.atBoundary).toBe(ends.has(at));
      }
    });
    fc.assert(property);
  });

  it('takes the rest of the frame under way and nothing of the next', () => {
    const property = fc.property(frames, frames, fc.nat(), sizes, (first, second, nat, cuts) => {
      const tracker = new FrameTracker();
      const begun = 1 + (nat % (first.length - 1));
      tracker.track(first.subarray(0, begun));
      const rest = Buffer.concat([first.subarray(begun), second]);
      const taken = portions(rest, cuts).map((portion) => tracker.trackToBoundary(portion));
      expect(taken.reduce((sum, count) => sum + count, 0)).toBe(first.length - begun);
      expect(tracker.atBoundary).toBe(true);
    });
    fc.assert(property);
  });

  it('takes nothing where no frame is under way', () => {
    expect(new FrameTracker().trackToBoundary(Buffer.from([0x81, 0x00]))).toBe(0);
  });

  it.each([
    ['a server', closeFrame(WEBSOCKETS_DISABLED)],
    ['a client', maskedCloseFrame(WEBSOCKETS_DISABLED)],
  ])('notices a Close of %s', (_of, close) => {
    const tracker = new FrameTracker();
    tracker.track(frame(Buffer.from([0x88, 0x88])));
    expect(tracker.closeSeen).toBe(false);
    tracker.track(close);
    expect(tracker.closeSeen).toBe(true);
    expect(tracker.atBoundary).toBe(true);
  });
});
