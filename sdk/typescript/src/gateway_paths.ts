/** Which paths of a service's document the gateway lets through. */

export type ThroughGateway<Paths> = {
  [Path in keyof Paths as Path extends `/bff/v1/${string}` | `/v1/auth/${string}`
    ? Path
    : never]: Paths[Path];
};

/** The query of a read. */
export type QueryOf<Operation> = Operation extends { get: { parameters: { query?: infer Query } } }
  ? NonNullable<Query>
  : never;
