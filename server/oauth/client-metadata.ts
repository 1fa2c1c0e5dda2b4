import { isJsonObject, type Json, type JsonObject } from "@countersign/proof/jcs";
import { createKeySet, type KeySet } from "@countersign/proof/jwk";
import { type FreshJson, fetchFreshJson, type OutboundOptions } from "../http/index.ts";
import { type Clock, Fault, hours, minutes, seconds } from "../lib/index.ts";
import { isClientDocumentUrl, isRedirectUri } from "../registry/index.ts";

/** What the maker of an interactive client publishes about it. Every word of it is the maker's. */
export interface ClientMetadata {
  readonly clientId: string;
  readonly attackerName: string;
  readonly redirectUris: readonly string[];
  /** How its processes prove that they are the client: by its key, or not at all. */
  readonly authentication: "private_key_jwt" | "none";
  /** Its keys, or where they are; only with `private_key_jwt`. */
  readonly keys?: KeySet | { readonly uri: string };
}

/** More than this is no description of a client. @see draft-ietf-oauth-client-id-metadata-document §6.6 */
const MOST_DOCUMENT_BYTES = 5 * 1024;
const MOST_KEYS_BYTES = 16 * 1024;
const MOST_REDIRECT_URIS = 20;
const LONGEST_NAME = 200;

/**
 * How long what was fetched is kept: as its sender says, within these bounds. Strangers can have a registered
 * document looked at; the shortest time keeps its maker from being asked as often as they like.
 */
const USUALLY_KEPT = minutes(5);
const SHORTEST_KEPT = seconds(10);
const LONGEST_KEPT = hours(1);
const MOST_KEPT = 500;

/**
 * The documents of clients that agents are registered with, and their keys: fetched when they are needed, over
 * the guarded way out, kept for a bounded time. What cannot be fetched or does not fit is never kept. One for
 * each process.
 */
export class ClientDocuments {
  readonly #outbound: OutboundOptions;
  readonly #metadata: Kept<ClientMetadata>;
  readonly #keys: Kept<KeySet>;

  constructor(given: { readonly clock: Clock; readonly outbound: OutboundOptions }) {
    this.#outbound = given.outbound;
    this.#metadata = new Kept(given.clock);
    this.#keys = new Kept(given.clock);
  }

  /**
   * What a client's document says. Only for ids that an agent is registered with: no stranger may have this
   * server ask anywhere.
   * @throws Fault `invalid-client` when it cannot be had, or is not one
   */
  metadata(clientId: string): Promise<ClientMetadata> {
    return this.#metadata.get(clientId, async () => {
      if (!isClientDocumentUrl(clientId) || !this.#mayAsk(clientId)) throw unusable();
      const { json, maxAgeMs } = await this.#fetch(clientId, MOST_DOCUMENT_BYTES);
      return { value: readClientMetadata(json, clientId), maxAgeMs };
    });
  }

  /**
   * The keys of a client that has some.
   * @throws Fault `invalid-client`
   */
  async keysOf({ keys }: ClientMetadata): Promise<KeySet> {
    if (keys === undefined) throw unusable();
    if (!("uri" in keys)) return keys;
    return this.#keys.get(keys.uri, async () => {
      const { json, maxAgeMs } = await this.#fetch(keys.uri, MOST_KEYS_BYTES);
      return { value: refuseUnusable(() => createKeySet(json)), maxAgeMs };
    });
  }

  /** A client on this machine is no client of a server that others use. */
  #mayAsk(clientId: string): boolean {
    return clientId.startsWith("https://") || this.#outbound.local;
  }

  async #fetch(url: string, mostBytes: number): Promise<FreshJson> {
    try {
      return await fetchFreshJson(this.#outbound, { url, mostBytes });
    } catch (cause) {
      throw unusable(cause);
    }
  }
}

/**
 * Reads a client ID metadata document. Members that we do not know are passed over; those that we do must fit.
 * @throws Fault `invalid-client`
 * @see draft-ietf-oauth-client-id-metadata-document §4, RFC 7591 §2
 */
export function readClientMetadata(attackerDocument: Json, clientId: string): ClientMetadata {
  if (!isJsonObject(attackerDocument) || attackerDocument.client_id !== clientId) throw unusable();
  if (Object.keys(attackerDocument).some((name) => name.startsWith("client_secret"))) throw unusable();
  const { client_name: attackerName } = attackerDocument;
  if (typeof attackerName !== "string" || attackerName.trim() === "" || attackerName.length > LONGEST_NAME)
    throw unusable();
  requireAmong(attackerDocument.grant_types, "authorization_code");
  requireAmong(attackerDocument.response_types, "code");
  return {
    clientId,
    attackerName,
    redirectUris: redirectUrisOf(attackerDocument),
    ...authenticationOf(attackerDocument),
  };
}

function redirectUrisOf({ redirect_uris: attackerUris }: JsonObject): string[] {
  const uris = Array.isArray(attackerUris) ? attackerUris : [];
  const texts = uris.filter((uri) => typeof uri === "string");
  const fit = texts.length === uris.length && texts.length > 0 && texts.length <= MOST_REDIRECT_URIS;
  if (!fit) throw unusable();
  // Those of schemes that we do not answer to may stand there for others.
  return texts.filter(isRedirectUri);
}

function requireAmong(attackerList: Json | undefined, value: string): void {
  if (attackerList === undefined) return;
  if (!Array.isArray(attackerList) || !attackerList.includes(value)) throw unusable();
}

/** A client that publishes keys must use them: it cannot be talked down to proving nothing. */
function authenticationOf(document: JsonObject): Pick<ClientMetadata, "authentication" | "keys"> {
  const { jwks, jwks_uri, token_endpoint_auth_method: said } = document;
  const keyed = jwks !== undefined || jwks_uri !== undefined;
  const authentication = said ?? (keyed ? "private_key_jwt" : "none");
  if (authentication === "none" && !keyed) return { authentication };
  if (authentication !== "private_key_jwt" || !keyed) throw unusable();
  if (jwks !== undefined && jwks_uri !== undefined) throw unusable();
  if (jwks !== undefined) return { authentication, keys: refuseUnusable(() => createKeySet(jwks)) };
  if (typeof jwks_uri !== "string" || !isClientDocumentUrl(jwks_uri)) throw unusable();
  return { authentication, keys: { uri: jwks_uri } };
}

interface Fetched<Value> {
  readonly value: Value;
  readonly maxAgeMs: number | undefined;
}

/**
 * Values by their address, until they are stale; those asked for least lately go first. However many want one that
 * is not there, it is fetched once. Failures are not kept, as the draft demands.
 */
class Kept<Value> {
  readonly #clock: Clock;
  readonly #values = new Map<string, { readonly value: Value; readonly until: number }>();
  readonly #asking = new Map<string, Promise<Value>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async get(address: string, fetch: () => Promise<Fetched<Value>>): Promise<Value> {
    const known = this.#values.get(address);
    if (known !== undefined && this.#clock.now() < known.until) return known.value;
    this.#values.delete(address);
    const asking = this.#asking.get(address) ?? this.#ask(address, fetch);
    this.#asking.set(address, asking);
    return asking;
  }

  async #ask(address: string, fetch: () => Promise<Fetched<Value>>): Promise<Value> {
    try {
      const { value, maxAgeMs = USUALLY_KEPT } = await fetch();
      const forMs = Math.max(SHORTEST_KEPT, Math.min(maxAgeMs, LONGEST_KEPT));
      this.#keep(address, value, forMs);
      return value;
    } finally {
      this.#asking.delete(address);
    }
  }

  #keep(address: string, value: Value, forMs: number): void {
    const [oldest] = this.#values.keys();
    if (this.#values.size >= MOST_KEPT && oldest !== undefined) this.#values.delete(oldest);
    this.#values.set(address, { value, until: this.#clock.now() + forMs });
  }
}

function refuseUnusable<T>(step: () => T): T {
  try {
    return step();
  } catch (cause) {
    throw unusable(cause);
  }
}

const unusable = (cause?: unknown): Fault =>
  new Fault("invalid-client", "The client's metadata document cannot be had, or is not one.", {
    remedy: "Its maker publishes it at the client id; see the operator's log for what is wrong.",
    cause,
  });
