import { elapsed, Status, type Sink } from "../cli/terminal";

/** Says what the set-up does: one lasting line for each thing done, a status line while something takes long. */
export class Report {
  constructor(private readonly sink: Sink = process.stderr) {}

  /** One line. */
  line(text: string): void {
    this.sink.write(`toolchain: ${text}\n`);
  }

  /**
   * Runs `work` under a status line.
   *
   * @param expected seconds it usually takes, shown so that nobody thinks it hangs
   */
  async during<T>(what: string, expected: number, work: (note: (text: string) => void) => Promise<T>): Promise<T> {
    const started = Date.now();
    let detail = "";
    this.line(`${what}, usually ${elapsed(expected * 1000)} …`);
    const status = new Status(this.sink, () => `toolchain: ${what}${detail && `: ${detail}`}`);
    try {
      const result = await work((text) => {
        detail = text;
      });
      status.stop();
      this.line(`${what}: done in ${elapsed(Date.now() - started)}`);
      return result;
    } finally {
      status.stop();
    }
  }
}
