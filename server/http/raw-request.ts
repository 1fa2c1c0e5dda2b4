import type { FastifyRequest } from "fastify";
import { Fault } from "../lib/index.ts";
import { peerKeyOf } from "./peer-key.ts";
import { type FrontProxy, stripForwarded } from "./proxy.ts";
import type { RawRequest } from "./route.ts";

/** @throws Fault `malformed` for a parameter that stands twice: which one counts is anybody's guess */
export function singleValued(attackerQuery: unknown): unknown {
  const query = attackerQuery as Record<string, unknown>;
  for (const name in query)
    if (Array.isArray(query[name]))
      throw new Fault("malformed", "A query parameter is given twice.", {
        remedy: "Give each parameter once.",
      });
  return query;
}

/** Whether a path's parameter is empty: then nothing is served there. */
export function hasEmptyPart(attackerParams: object): boolean {
  for (const name in attackerParams)
    if ((attackerParams as Record<string, unknown>)[name] === "") return true;
  return false;
}

/** The public address, taken apart once. */
export interface OurAddress {
  readonly origin: string;
  readonly host: string;
}

export const addressOf = ({ origin, host }: URL): OurAddress => ({ origin, host });

/**
 * The request itself, as the few see it whose proofs cover it.
 * @param proxy the one in front, where there is one whose word is taken
 * @throws Fault `malformed` for a forwarded certificate that is none
 */
export function rawRequest(
  request: FastifyRequest,
  { origin }: OurAddress,
  proxy: FrontProxy | undefined,
): RawRequest {
  const { url } = request;
  const { socket } = request.raw;
  const peer = peerKeyOf(socket) ?? proxy?.peerKeyOf(socket, request.headers);
  stripForwarded(request.headers);
  const query = url.indexOf("?");
  const path = query < 0 ? url : url.slice(0, query);
  return {
    method: request.method,
    url: origin + path,
    path,
    headers: request.headers,
    // A socket that is closed already has no address any more; its declaration says otherwise.
    source: (request.ip as string | undefined) ?? "unknown",
    peer,
  };
}

/** Refuses other names for this address, so that no page elsewhere can reach it by rebinding its own. */
export function requireOurHost(request: FastifyRequest, { host, origin }: OurAddress): void {
  // A request line may name a server as well, which only proxies are told (RFC 9112 §3.2.2).
  if (request.headers.host === host && request.url.startsWith("/")) return;
  throw new Fault("malformed", "The request names another server.", { remedy: `Use ${origin}.` });
}
