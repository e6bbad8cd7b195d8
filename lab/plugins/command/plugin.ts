import type { HandlerFactory } from "../../../provider/kit/handler";
import type { PluginSpec } from "../../../provider/kit/host";
import { copyToRemote } from "./copy-to-remote";
import { localCommand, localRun } from "./local-command";
import { remoteCommand } from "./remote-command";
import { schema } from "./schema";

/**
 * Stands in for the official plugin of `@pulumi/command` 1.2.1 where that cannot be had: remote.Command, remote.CopyToRemote,
 * local.Command and local.run. It is judged by the official plugin's recorded answers.
 */
export const commandPlugin: PluginSpec<object> = {
  name: "command",
  version: "1.2.1",
  schema: () => schema,
  config: { decode: () => ({}) },
  handlers: new Map<string, () => HandlerFactory<object>>([
    ["command:remote:Command", () => remoteCommand],
    ["command:remote:CopyToRemote", () => copyToRemote],
    ["command:local:Command", () => localCommand],
  ]),
  functions: new Map([["command:local:run", () => localRun]]),
};
