import type { Client, ClientChannel } from "ssh2";
import type { CallContext } from "../../../provider/kit/handler";
import { type Connection, dial } from "./dial";
import { Capture, type Logging, previousOutput, type Printed } from "./process-output";

export interface RemoteRun {
  connection: Connection;
  stdin?: string;
  environment?: Record<string, string>;
  addPreviousOutputInEnv?: boolean;
  logging?: Logging;
  stdout?: string;
  stderr?: string;
}

/** Runs one command over a connection of its own. Throws on any exit status but 0, quoting the command and what it printed. */
export async function runRemotely(ctx: CallContext<unknown>, command: string, run: RemoteRun): Promise<Printed> {
  const client = await dial(run.connection, ctx);
  const capture = new Capture(ctx.log, run.logging);
  try {
    const channel = await start(client, command, run, ctx);
    const reason = await ended(channel, capture, run.stdin ?? "");
    ctx.signal.throwIfAborted();
    if (reason !== undefined) throw capture.failure(reason, command);
    return capture.printed;
  } catch (error) {
    ctx.signal.throwIfAborted();
    throw error;
  } finally {
    capture.end();
    client.end();
  }
}

/** Undefined after exit status 0, else what became of the process. */
function ended(channel: ClientChannel, capture: Capture, stdin: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let reason: string | undefined = "wait: remote command exited without exit status or exit signal";
    channel.on("exit", (status: number | null, signal?: string) => {
      if (status === 0) reason = undefined;
      else if (status !== null) reason = `Process exited with status ${status}`;
      else reason = `Process exited with status 1 from signal ${String(signal).replace(/^SIG/, "")}`;
    });
    channel.on("data", (data: Buffer) => capture.take("stdout", data));
    channel.stderr.on("data", (data: Buffer) => capture.take("stderr", data));
    channel.on("error", reject);
    channel.on("close", () => resolve(reason));
    // A script that does not read its input may be gone before all of it has been written.
    channel.stdin.on("error", () => undefined);
    channel.end(stdin);
  });
}

/** The parts of ssh2's insides without which it cannot tell whether the server took a variable. */
interface Inside {
  _protocol: {
    env(channel: number, key: string, value: string, wantReply: boolean): void;
    exec(channel: number, command: string, wantReply: boolean): void;
  };
  _chanMgr: { _channels: Record<string, Channel | undefined> };
}
interface Channel {
  outgoing: { id: number };
  _callbacks: ((failed: boolean | Error) => void)[];
}

/**
 * Sets the variables, each with a reply, and starts the command only then. A server that refuses a variable of `environment`
 * (sshd without AcceptEnv) is an error before anything has run; one that refuses the previous output is a warning.
 */
function start(client: Client, command: string, run: RemoteRun, ctx: CallContext<unknown>): Promise<ClientChannel> {
  const wanted = Object.entries(run.environment ?? {}).map(([key, value]) => ({ key, value, needed: true }));
  const previous = Object.entries(previousOutput(run.addPreviousOutputInEnv, run));
  const variables = [...wanted, ...previous.map(([key, value]) => ({ key, value, needed: false }))];
  const { _protocol: protocol, _chanMgr: channels } = client as unknown as Inside;
  const exec = protocol.exec.bind(protocol);
  protocol.exec = (id, line, wantReply) => {
    const channel = Object.values(channels._channels).find((one) => one?.outgoing.id === id);
    const begin = channel?._callbacks.pop();
    if (!channel || !begin) throw new Error("ssh2 has no channel for the command");
    const next = (index: number): void => {
      const variable = variables[index];
      if (!variable) {
        channel._callbacks.push(begin);
        exec(id, line, wantReply);
        return;
      }
      channel._callbacks.push((failed) => {
        const refused = failed ? explain(ctx, variable) : undefined;
        if (refused && variable.needed) begin(refused);
        else next(index + 1);
      });
      protocol.env(id, variable.key, variable.value, true);
    };
    next(0);
  };
  return new Promise((resolve, reject) => {
    client.once("close", () => reject(new Error("ssh: connection closed before the command started")));
    client.exec(command, (error, channel) => (error ? reject(error) : resolve(channel)));
  });
}

function explain(ctx: CallContext<unknown>, { key, needed }: { key: string; needed: boolean }): Error {
  const hint =
    `unable to set "${key}": the SSH server has to accept it (AcceptEnv in sshd_config); ` +
    `or put it before the command, as in VAR=value command`;
  if (needed) ctx.log.error(hint);
  else ctx.log.warn(hint);
  return new Error(`could not set environment variable ${JSON.stringify(key)}: ssh: setenv failed`);
}
