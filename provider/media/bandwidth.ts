import { Transform, type TransformCallback } from "node:stream";

const PIECE = 64 * 1024;

/** Shares a number of bytes a second among all streams that pass through it, first come, first served. */
export class Bandwidth {
  /** When the last piece that was let through has been paid for, in milliseconds. */
  private paidUntil = 0;

  constructor(
    private readonly bytesPerSecond: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** A stream that lets bytes through no faster than its share. */
  throttle(): Transform {
    const wait = (bytes: number) => this.wait(bytes);
    let timer: NodeJS.Timeout | undefined;
    return new Transform({
      transform(chunk: Buffer, _encoding, done: TransformCallback) {
        const next = (from: number): void => {
          if (from >= chunk.length) return done();
          const piece = chunk.subarray(from, from + PIECE);
          timer = setTimeout(() => {
            this.push(piece);
            next(from + PIECE);
          }, wait(piece.length));
        };
        next(0);
      },
      destroy(error, done) {
        clearTimeout(timer);
        done(error);
      },
    });
  }

  /** Milliseconds until this many bytes may go. A quarter of a second may be saved up. */
  private wait(bytes: number): number {
    const now = this.now();
    const start = Math.max(this.paidUntil, now - 250);
    this.paidUntil = start + (bytes / this.bytesPerSecond) * 1000;
    return Math.max(0, this.paidUntil - now);
  }
}
