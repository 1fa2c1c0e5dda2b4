import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { fetchJson, type OutboundOptions, type OutboundRequest } from "../../http/index.ts";
import { Fault } from "../../lib/index.ts";

/** Strangers make us ask: more at once than this no cluster is asked. */
const MOST_AT_ONCE = 16;

/** What is being asked: by the cluster's address, and there by what is asked. */
const ASKING = new WeakMap<OutboundOptions, Map<string, Map<string, Promise<Json>>>>();

/**
 * Asks a cluster; whoever asks the very same meanwhile gets the same answer. Nothing is kept once it is answered.
 * @throws Fault `unavailable` when it cannot be asked, or is asked too much just now
 */
export function askCluster(outbound: OutboundOptions, request: OutboundRequest): Promise<Json> {
  const asking = askedNow(outbound, request.url);
  const { url, ca = "", body = null, headers = {} } = request;
  const name = sha256Base64url(canonicalize([url, ca, body, { ...headers }]));
  const known = asking.get(name);
  if (known !== undefined) return known;
  if (asking.size >= MOST_AT_ONCE) return Promise.reject(tooMany());
  const answer = fetchJson(outbound, request).finally(() => asking.delete(name));
  asking.set(name, answer);
  return answer;
}

function askedNow(outbound: OutboundOptions, url: string): Map<string, Promise<Json>> {
  const places = ASKING.get(outbound) ?? new Map<string, Map<string, Promise<Json>>>();
  ASKING.set(outbound, places);
  const asking = places.get(url) ?? new Map<string, Promise<Json>>();
  places.set(url, asking);
  return asking;
}

const tooMany = (): Fault =>
  new Fault("unavailable", "The cluster is asked about too many tokens just now.", {
    remedy: "Try again. An operator who gives the cluster's keys besides keeps strangers' tokens from it.",
  });
