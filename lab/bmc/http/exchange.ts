import type { Bmc } from "../bmc";
import type { Account } from "../accounts";
import type { Json, JsonObject } from "../json";

/** A request on its way through the service, after authentication and routing. */
export interface Exchange {
  bmc: Bmc;
  method: string;
  /** Path without query and trailing slash. */
  path: string;
  /** What the route's `:name` segments matched. */
  params: Record<string, string>;
  query: URLSearchParams;
  /** The parsed body; an empty object when there was none. */
  body: JsonObject;
  /** Who asks; undefined on the routes that need no login. */
  account?: Account;
  /** Id of the session used; undefined with Basic authentication. */
  sessionId?: string;
  /** Address of the client. */
  client: string;
  /** Outcome that a fault has chosen for a task that this request starts. */
  taskFate?: "never" | "vanish" | "fail";
}

/** An answer. */
export interface Reply {
  status: number;
  headers?: Record<string, string>;
  body?: Json;
}

/** What an account must be allowed to do. */
export type Privilege = "Login" | "ConfigureComponents" | "ConfigureManager" | "ConfigureUsers" | "ConfigureSelf";

/** One address of the service, with what it answers to. */
export interface Route {
  /** Such as `/redfish/v1/TaskService/Tasks/:task`. */
  pattern: string;
  /** Needs no login. */
  open?: boolean;
  /** What PATCH, POST and DELETE need. Default: ConfigureComponents. */
  privilege?: Privilege;
  /** The resource; undefined when there is none (404). */
  get?(x: Exchange): JsonObject | undefined | Promise<JsonObject | undefined>;
  /** An answer that is no resource (metadata, task monitors); taken instead of `get`. */
  read?(x: Exchange): Reply | Promise<Reply>;
  patch?(x: Exchange): Reply | Promise<Reply>;
  post?(x: Exchange): Reply | Promise<Reply>;
  delete?(x: Exchange): Reply | Promise<Reply>;
  /** The POST is open even where the GET is not (log-in). */
  openPost?: boolean;
  /** The POST is an action, not the making of a collection's member. */
  action?: boolean;
}
