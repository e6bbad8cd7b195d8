import { connect } from "node:net";

/** Whether an SSH server greets. */
export function sshAnswers(address: string, port: number, milliseconds = 1000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const done = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(milliseconds, () => done(false));
    socket.on("error", () => done(false));
    socket.on("close", () => done(false));
    socket.once("data", (data) => done(data.toString("latin1").startsWith("SSH-2.0-")));
  });
}
