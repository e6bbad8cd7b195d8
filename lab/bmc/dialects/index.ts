import type { DialectName } from "../spec";
import { dellDialect } from "./dell";
import type { Dialect } from "./dialect";
import { generic } from "./generic";
import { supermicro } from "./supermicro";

/** The vendors that the emulator plays. */
export const DIALECTS: Record<DialectName, Dialect> = { generic, dell: dellDialect, supermicro };
