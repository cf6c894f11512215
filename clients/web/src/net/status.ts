/** The state of the connection as the user is told it. */

export type ConnectionStatus =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  /** The page has slept; whether the connection has survived is being asked. */
  | { readonly kind: "checking" }
  /** `retryAtMs`: when the next attempt begins, on the environment's clock; null: it is under way. */
  | { readonly kind: "reconnecting"; readonly retryAtMs: number | null; readonly attempt: number }
  | { readonly kind: "offline" }
  | { readonly kind: "logged_out" }
  /** Another page uses this client's id. */
  | { readonly kind: "taken_over" }
  /** The daemon ended it in a way that another attempt would not mend. */
  | { readonly kind: "stopped"; readonly reason: string };

export type StatusKind = ConnectionStatus["kind"];
