import type { Route } from "./exchange";

interface Branch {
  fixed: Map<string, Branch>;
  variable?: { name: string; branch: Branch };
  route?: Route;
}

/** Finds the route of a path; a fixed segment wins over a variable one. */
export class Router {
  readonly #root: Branch = { fixed: new Map() };

  constructor(readonly routes: Route[]) {
    for (const route of routes) this.#add(route);
  }

  /** The route and what its variables matched; undefined when there is no such address. */
  find(path: string): { route: Route; params: Record<string, string> } | undefined {
    const params: Record<string, string> = {};
    let branch = this.#root;
    for (const segment of path.split("/").slice(1)) {
      const fixed = branch.fixed.get(segment);
      if (fixed) {
        branch = fixed;
      } else if (branch.variable) {
        params[branch.variable.name] = segment;
        branch = branch.variable.branch;
      } else {
        return undefined;
      }
    }
    return branch.route && { route: branch.route, params };
  }

  #add(route: Route): void {
    let branch = this.#root;
    for (const segment of route.pattern.split("/").slice(1)) {
      if (segment.startsWith(":")) {
        branch.variable ??= { name: segment.slice(1), branch: { fixed: new Map() } };
        branch = branch.variable.branch;
      } else {
        const next: Branch = branch.fixed.get(segment) ?? { fixed: new Map() };
        branch.fixed.set(segment, next);
        branch = next;
      }
    }
    if (branch.route) throw new Error(`two routes have the pattern ${route.pattern}`);
    branch.route = route;
  }
}
