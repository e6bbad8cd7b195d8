import type * as pulumi from "@pulumi/pulumi";

/** `T` with every member, at every depth, allowed to be an Output or a Promise: what a resource takes for the arguments `T`. */
export type Inputs<T> = { [K in keyof T]: pulumi.Input<Deep<T[K]>> };

type Deep<T> = T extends string | number | boolean | undefined
  ? T
  : T extends (infer E)[]
    ? pulumi.Input<Deep<E>>[]
    : T extends object
      ? { [K in keyof T]: pulumi.Input<Deep<T[K]>> }
      : T;
