import type { Difference, Failed, PluginClient, Values } from "./plugin-client";
import { PluginError } from "./plugin-client";

/** What an `up` did to one resource. */
export interface Outcome {
  did: "create" | "same" | "update" | "replace" | "refused";
  failures: Failed[];
  difference?: Difference;
}

/** One resource through its life, with the engine's part played in the engine's order. */
export class Deployed {
  id: string | undefined;
  inputs: Values = {};
  state: Values = {};
  /** Why the last operation left the resource half-done: the next `up` then updates it even without a change. */
  initErrors: string[] = [];

  constructor(
    private readonly client: PluginClient,
    readonly type: string,
    readonly name: string,
  ) {}

  /** Check, diff, then what the diff asks for. In a preview nothing is remembered. */
  async up(
    program: Values,
    options: { preview?: boolean; ignoreChanges?: string[]; timeout?: number } = {},
  ): Promise<Outcome> {
    const { type, name, client } = this;
    const { inputs, failures } = await client.check(type, name, program, this.inputs);
    if (failures.length > 0) return { did: "refused", failures };
    if (this.id === undefined) {
      await this.create(inputs, options);
      return { did: "create", failures };
    }
    const known = { id: this.id, state: this.state, oldInputs: this.inputs, news: inputs };
    const difference = await client.diff(type, name, { ...known, ignoreChanges: options.ignoreChanges });
    if (difference.replaces.length > 0) {
      const old = { id: this.id, state: this.state, inputs: this.inputs };
      const remove = () => client.delete(type, name, old.id, old.state, { oldInputs: old.inputs });
      if (difference.deleteBeforeReplace && !options.preview) await remove();
      await this.create(inputs, options);
      if (!difference.deleteBeforeReplace && !options.preview) await remove();
      return { did: "replace", failures, difference };
    }
    if (!difference.changes && this.initErrors.length === 0) {
      if (!options.preview) this.inputs = inputs;
      return { did: "same", failures, difference };
    }
    const state = await this.keeping(() => client.update(type, name, known, options), inputs);
    if (!options.preview) Object.assign(this, { state, inputs, initErrors: [] });
    return { did: "update", failures, difference };
  }

  /** False when the object turned out to be gone. */
  async refresh(): Promise<boolean> {
    if (this.id === undefined) throw new Error("there is nothing to refresh");
    const found = await this.client.read(this.type, this.name, this.id, { inputs: this.inputs, state: this.state });
    Object.assign(this, found ?? { id: undefined, inputs: {}, state: {} });
    return found !== undefined;
  }

  /** From the id alone. Throws when there is nothing under it. */
  async import(id: string): Promise<void> {
    const found = await this.client.read(this.type, this.name, id);
    if (!found) throw new Error(`there is nothing to import under ${id}`);
    Object.assign(this, found);
  }

  async destroy(): Promise<void> {
    if (this.id === undefined) return;
    await this.client.delete(this.type, this.name, this.id, this.state, { oldInputs: this.inputs });
    Object.assign(this, { id: undefined, inputs: {}, state: {}, initErrors: [] });
  }

  private async create(inputs: Values, options: { preview?: boolean; timeout?: number }): Promise<void> {
    const created = await this.keeping(() => this.client.create(this.type, this.name, inputs, options), inputs);
    if (!options.preview) Object.assign(this, created, { inputs, initErrors: [] });
  }

  /** An operation that fails half-way leaves its partial state behind. */
  private async keeping<T>(run: () => Promise<T>, inputs: Values): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof PluginError && error.kept) {
        const { id, state, reasons } = error.kept;
        Object.assign(this, { id, state, inputs, initErrors: reasons });
      }
      throw error;
    }
  }
}
