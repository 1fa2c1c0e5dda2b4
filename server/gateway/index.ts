/**
 * The way out, so far to facts alone: what is true of the things that calls are about, asked for by the server
 * itself with its own credential.
 */
export { factSource } from "./fact-source.ts";
export type { GatewayDeps } from "./gateway-deps.ts";
