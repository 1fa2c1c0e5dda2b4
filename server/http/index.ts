/** Web plumbing: routes, parsing, faults on the wire, paging, TLS. No domain words. */
export type { Endpoint, Method, RateClass, Who } from "./endpoint.ts";
export { oauthErrorOf } from "./oauth-error.ts";
export { openapi } from "./openapi.ts";
export {
  askOutside,
  type FreshJson,
  fetchFreshJson,
  fetchJson,
  type OutboundOptions,
  type OutboundRequest,
  type OutsideAnswer,
  type Resolved,
} from "./outbound.ts";
export { cutPage, pageOf, pageQuery } from "./paging.ts";
export { holdsNul } from "./parse.ts";
export { type PeerKey, peerKeyIn } from "./peer-key.ts";
export { problemOf } from "./problem.ts";
export { FrontProxy, type ProxySaid } from "./proxy.ts";
export { isLocal, readPublicAddress } from "./public-address.ts";
export {
  type Answer,
  type Input,
  type RawRequest,
  type Route,
  route,
  type StreamConnection,
} from "./route.ts";
export { buildServer, type Gate, type ServerOptions } from "./server.ts";
export {
  NO_CERTIFICATE_YET,
  readTls,
  requirePair,
  requireSafeTransport,
  serveWith,
  type TlsFiles,
  type TlsIdentity,
  TlsReload,
} from "./tls.ts";
