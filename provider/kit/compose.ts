import type { Server, UntypedServiceImplementation } from "@grpc/grpc-js";
import { grpc } from "./sdk";

type AddService = Server["addService"];

/** What we answer ourselves, given the SDK's own service object. */
export type Answers = (sdk: UntypedServiceImplementation) => UntypedServiceImplementation;

/**
 * Runs `main`, which has to register one service, and puts our answers before the SDK's: what `answers` has is ours, all else
 * (construct, call, attach) stays the SDK's own. Throws when the SDK registers no service or more than one, because then this
 * is not the SDK that it was written for.
 */
export async function composed(answers: Answers, main: () => Promise<void>): Promise<void> {
  const { addService } = grpc.Server.prototype;
  let calls = 0;
  const compose: AddService = function (this: Server, definition, sdk) {
    calls += 1;
    const ours = answers(sdk);
    const both = new Proxy(sdk, {
      get: (target, name: string, receiver) => ours[name] ?? (Reflect.get(target, name, receiver) as unknown),
    });
    addService.call(this, definition, both);
  };
  grpc.Server.prototype.addService = compose;
  try {
    await main();
  } finally {
    grpc.Server.prototype.addService = addService;
  }
  if (calls !== 1)
    throw new Error(`the Pulumi SDK registered ${calls} gRPC services, not one; use a version that is known`);
}
