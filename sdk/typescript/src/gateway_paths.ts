/** Types over the paths of an OpenAPI document. */

/** The paths that the gateway exposes. */
export type GatewayPaths<Paths> = {
  [Path in keyof Paths as Path extends `/bff/v1/${string}` | `/v1/auth/${string}` | "/v1/session"
    ? Path
    : never]: Paths[Path];
};

/** The query parameters of a GET. */
export type QueryOf<Operation> = Operation extends { get: { parameters: { query?: infer Query } } }
  ? NonNullable<Query>
  : never;
