import type { SshKeyArgs, SshKeyState } from "../../resources/ssh-key";
import type { Configuration } from "../config";
import type { Context } from "../deps";
import type { HandlerFactory, ResourceHandler } from "../kit/handler";
import { hostKeyFingerprint, makeHostKey } from "./host-key";

/** `rackform:index:SshKey`. */
export const handler: HandlerFactory<Configuration, SshKeyArgs, SshKeyState> = () => new SshKeyHandler();

/** Lives in the state only: nothing outside knows of it, so nothing drifts. */
class SshKeyHandler implements ResourceHandler<SshKeyArgs, SshKeyState, Configuration> {
  readonly token = "rackform:index:SshKey";

  check(_ctx: Context, news: SshKeyArgs) {
    const bad = typeof news.comment === "string" && /[^\x20-\x7e]/.test(news.comment);
    const reason = "holds characters that a line of authorized_keys cannot; use printable ASCII";
    return { inputs: news, failures: bad ? [{ property: "comment", reason }] : [] };
  }

  create(_ctx: Context, inputs: SshKeyArgs, { preview }: { preview: boolean }) {
    if (preview) return Promise.resolve({ id: "", state: { ...inputs } });
    const comment = inputs.comment ?? "rackform";
    const { publicKey, privateKey } = makeHostKey(comment);
    const state = { comment, publicKey: line(publicKey, comment), privateKey };
    return Promise.resolve({ id: hostKeyFingerprint(publicKey), state });
  }

  read(_ctx: Context, id: string, { inputs, state }: { inputs?: SshKeyArgs; state?: SshKeyState }) {
    if (!state) {
      throw new Error(
        `${id}: an SshKey cannot be imported, because its private key exists in a state only; give yours to accessKey instead`,
      );
    }
    return Promise.resolve({ id, inputs: inputs ?? { comment: state.comment }, state });
  }

  update(_ctx: Context, _id: string, { olds, news }: { olds: SshKeyState; news: SshKeyArgs }) {
    const comment = news.comment ?? "rackform";
    return Promise.resolve({ ...olds, comment, publicKey: line(olds.publicKey, comment) });
  }

  delete(): Promise<void> {
    return Promise.resolve();
  }
}

/** Type and key as they are, with another comment. */
function line(publicKey: string, comment: string): string {
  return `${publicKey.split(" ").slice(0, 2).join(" ")} ${comment}`;
}
