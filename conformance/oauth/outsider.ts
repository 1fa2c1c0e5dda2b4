/**
 * A client of the token service that knows nothing of us: `oauth4webapi`, which reads our metadata and holds
 * us to the specifications. What it is handed is what any client is: an issuer, a client id, a key.
 */
import { createPublicKey, type KeyObject } from "node:crypto";
import type { Instance } from "@countersign/sdk";
import * as oauth from "oauth4webapi";

/** Loopback is the one place where plain HTTP is served. */
export const plain = { [oauth.allowInsecureRequests]: true } as const;

export interface Outsider {
  readonly as: oauth.AuthorizationServer;
  readonly client: oauth.Client;
  readonly authentication: oauth.ClientAuth;
  /** With a key that its tokens are bound to. It remembers the nonces that it is given. */
  dpop(): oauth.DPoPHandle;
  /** Asks by a grant, once more where the server wants a nonce, and reads the answer as the library does. */
  ask(grantType: string, form: Record<string, string>): Promise<oauth.TokenEndpointResponse>;
}

/** Reads the metadata of an issuer. @param algorithm which of the two documents */
export async function discover(issuer: string, algorithm: "oauth2" | "oidc" = "oauth2") {
  const identifier = new URL(issuer);
  const response = await oauth.discoveryRequest(identifier, { algorithm, ...plain });
  return oauth.processDiscoveryResponse(identifier, response);
}

/** An enrolled process as this library sees it. */
export async function outsiderOf({
  id,
  key,
  issuer,
}: Pick<Instance, "id" | "key" | "issuer">): Promise<Outsider> {
  const as = await discover(issuer.id);
  const client: oauth.Client = { client_id: id };
  const pair = cryptoKeysOf(key.privateKey);
  const authentication = oauth.PrivateKeyJwt(pair.privateKey);
  const handle = oauth.DPoP(client, pair);
  return {
    as,
    client,
    authentication,
    dpop: () => oauth.DPoP(client, pair),
    ask: (grantType, form) =>
      withNonce(async () => {
        const options = { DPoP: handle, ...plain };
        const asked = await oauth.genericTokenEndpointRequest(
          as,
          client,
          authentication,
          grantType,
          form,
          options,
        );
        return oauth.processGenericTokenEndpointResponse(as, client, asked);
      }),
  };
}

/** Does it once more where the server wants a nonce in the proof, which the library has then read. */
export async function withNonce<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (oauth.isDPoPNonceError(error)) return step();
    throw error;
  }
}

/** The OAuth error that a step must be refused with. @throws Error when it is not refused, or otherwise */
export async function errorOf(step: Promise<unknown>): Promise<{ error: string; status: number }> {
  try {
    await step;
  } catch (refusal) {
    if (refusal instanceof oauth.ResponseBodyError) return { error: refusal.error, status: refusal.status };
    if (refusal instanceof oauth.WWWAuthenticateChallengeError) {
      const { error = refusal.cause[0]?.parameters.error } = await refusal.response.json();
      return { error: String(error), status: refusal.status };
    }
    throw refusal;
  }
  throw new Error("it was not refused");
}

export function cryptoKeysOf(privateKey: KeyObject): CryptoKeyPair {
  const kind = { name: "ECDSA", namedCurve: "P-256" };
  return {
    // Node's own type and the library's name the same thing.
    privateKey: privateKey.toCryptoKey(kind, false, ["sign"]) as CryptoKey,
    publicKey: createPublicKey(privateKey).toCryptoKey(kind, true, ["verify"]) as CryptoKey,
  };
}
