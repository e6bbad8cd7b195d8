import type { BiosAttribute, BiosRole, BiosRules } from "./dialects/dialect";
import type { Message } from "./http/messages";
import { about, base } from "./http/messages";
import type { Json, JsonObject } from "./json";
import type { HardwareSpec } from "./spec";

export type BiosValue = string | number | boolean | null;

/** BIOS settings: those in force, and those that wait for the next reset. */
export class Bios {
  readonly #byName: Map<string, BiosAttribute>;
  readonly #changed = new Map<string, BiosValue>();
  readonly #pending = new Map<string, BiosValue>();
  /** A ResetBios waits for the next reset. */
  defaultsPending = false;
  /** Whether the pending settings will be applied at the next reset; without a job on some vendors they never are. */
  committed = false;
  /** When pending settings were last applied, in milliseconds since 1970. */
  appliedAt?: number;

  constructor(
    readonly rules: BiosRules,
    readonly hardware: () => HardwareSpec,
  ) {
    this.#byName = new Map(rules.attributes.map((attribute) => [attribute.name, attribute]));
  }

  /** Settings in force. */
  current(): Record<string, BiosValue> {
    return Object.fromEntries(this.rules.attributes.map((attribute) => [attribute.name, this.value(attribute)]));
  }

  /** Settings that wait for the next reset: only those that differ, whatever the resource shows; passwords read null. */
  pending(): Record<string, BiosValue> {
    return Object.fromEntries([...this.#pending].map(([name, value]) => [name, this.#isPassword(name) ? null : value]));
  }

  /** What the settings resource shows, which is the vendor's choice. */
  shownPending(): JsonObject {
    return this.rules.pendingShows === "all" ? { ...this.current(), ...this.pending() } : this.pending();
  }

  /** The value in force of the attribute with this role; undefined when the BIOS has none. */
  role(role: BiosRole): BiosValue | undefined {
    const attribute = this.rules.attributes.find((candidate) => candidate.role === role);
    return attribute && this.value(attribute);
  }

  value(attribute: BiosAttribute): BiosValue {
    const changed = this.#changed.get(attribute.name);
    return changed !== undefined ? changed : this.#initial(attribute);
  }

  /** What is wrong with these values; empty when they can be stored. */
  check(attributes: JsonObject): Message[] {
    return Object.entries(attributes).flatMap(([name, value]) => {
      const message = this.#checkOne(name, value ?? null);
      return message ? [about(`/Attributes/${name}`, message)] : [];
    });
  }

  /** Stores checked values for the next reset. Values that are in force already are taken out again. */
  stage(attributes: JsonObject): void {
    for (const [name, value] of Object.entries(attributes)) {
      const attribute = this.#byName.get(name);
      if (!attribute) continue;
      if (value === this.value(attribute)) this.#pending.delete(name);
      else this.#pending.set(name, value as BiosValue);
    }
  }

  /** Changes settings at once, as someone at the console would. */
  set(attributes: Record<string, BiosValue>): void {
    const messages = this.check(attributes);
    if (messages[0]) throw new Error(`the BIOS cannot take ${messages[0].args.join(" for ")}`);
    for (const [name, value] of Object.entries(attributes)) this.#changed.set(name, value);
  }

  discard(): void {
    this.#pending.clear();
    this.committed = false;
  }

  /** The reset: what was committed comes into force. Returns whether anything was. */
  apply(now = Date.now()): boolean {
    if (this.defaultsPending) {
      this.#changed.clear();
      this.#pending.clear();
      this.defaultsPending = false;
      this.committed = false;
      this.appliedAt = now;
      return true;
    }
    if (!this.committed || this.#pending.size === 0) return false;
    for (const [name, value] of this.#pending) {
      // A password is taken but never shown.
      if (!this.#isPassword(name)) this.#changed.set(name, value);
    }
    this.discard();
    this.appliedAt = now;
    return true;
  }

  #isPassword(name: string): boolean {
    return this.#byName.get(name)?.type === "Password";
  }

  #initial(attribute: BiosAttribute): BiosValue {
    const hardware = this.hardware();
    switch (attribute.role) {
      case "virtualization":
        return attribute.values?.[hardware.virtualization ? 0 : 1] ?? null;
      case "sriov":
        return attribute.values?.[hardware.sriov ? 0 : 1] ?? null;
      case "tpm":
        return attribute.values?.[hardware.tpm ? 0 : 1] ?? null;
      case "serial":
        return hardware.serialNumber;
      case "sku":
        return hardware.sku;
      case "model":
        return hardware.model;
      case "version":
        return hardware.biosVersion;
      default:
        return attribute.initial;
    }
  }

  #checkOne(name: string, value: Json): Message | undefined {
    const attribute = this.#byName.get(name);
    if (!attribute) return base("PropertyUnknown", name);
    if (attribute.readOnly) return base("PropertyNotWritable", name);
    const shown = attribute.type === "Password" ? "******" : JSON.stringify(value);
    switch (attribute.type) {
      case "Enumeration":
        if (typeof value !== "string") return base("PropertyValueTypeError", shown, name);
        return attribute.values?.includes(value) ? undefined : base("PropertyValueNotInList", shown, name);
      case "Integer":
        if (typeof value !== "number" || !Number.isInteger(value)) return base("PropertyValueTypeError", shown, name);
        return value < (attribute.min ?? -Infinity) || value > (attribute.max ?? Infinity)
          ? base("PropertyValueOutOfRange", shown, name)
          : undefined;
      case "Boolean":
        return typeof value === "boolean" ? undefined : base("PropertyValueTypeError", shown, name);
      default:
        if (typeof value !== "string") return base("PropertyValueTypeError", shown, name);
        return value.length > (attribute.maxLength ?? 255) ? base("PropertyValueFormatError", shown, name) : undefined;
    }
  }
}
