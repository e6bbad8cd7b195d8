import type { Dialect } from "../dialects/dialect";
import { Router } from "../http/router";
import { accountRoutes } from "./accounts";
import { biosRoutes } from "./bios";
import { chassisRoutes } from "./chassis";
import { hardwareRoutes } from "./hardware";
import { managerRoutes } from "./manager";
import { mediaRoutes } from "./media";
import { registryRoutes } from "./registries";
import { rootRoutes } from "./root";
import { sessionRoutes } from "./sessions";
import { systemRoutes } from "./system";
import { taskRoutes } from "./tasks";
import { updateRoutes } from "./update";

const routers = new Map<Dialect, Router>();

/** Every address that a dialect's service has; made once, shared by all its BMCs. */
export function routerFor(dialect: Dialect): Router {
  let router = routers.get(dialect);
  if (!router) {
    router = new Router([
      ...rootRoutes(dialect),
      ...sessionRoutes(),
      ...accountRoutes(dialect),
      ...systemRoutes(dialect),
      ...biosRoutes(dialect),
      ...hardwareRoutes(dialect),
      ...mediaRoutes(dialect),
      ...managerRoutes(dialect),
      ...chassisRoutes(dialect),
      ...updateRoutes(dialect),
      ...taskRoutes(dialect),
      ...registryRoutes(dialect),
    ]);
    routers.set(dialect, router);
  }
  return router;
}
