import type { HandlerFactory } from "../../../provider/kit/handler";
import type { PluginSpec } from "../../../provider/kit/host";
import * as resources from "./resources";
import { schema } from "./schema";

/**
 * Stands in for the official plugin of `@pulumi/random` 4 where that cannot be had. What a seed gives is stable, but not what
 * the official plugin makes of it.
 */
export const randomPlugin: PluginSpec<object> = {
  name: "random",
  version: "4.21.2",
  schema: () => schema,
  config: { decode: () => ({}) },
  handlers: new Map<string, () => HandlerFactory<object>>([
    ["random:index/randomPassword:RandomPassword", () => resources.randomPassword],
    ["random:index/randomString:RandomString", () => resources.randomString],
    ["random:index/randomId:RandomId", () => resources.randomId],
    ["random:index/randomBytes:RandomBytes", () => resources.randomBytesResource],
    ["random:index/randomUuid:RandomUuid", () => resources.randomUuid],
    ["random:index/randomInteger:RandomInteger", () => resources.randomInteger],
    ["random:index/randomShuffle:RandomShuffle", () => resources.randomShuffle],
    ["random:index/randomPet:RandomPet", () => resources.randomPet],
  ]),
};
