import { createHmac, type KeyObject } from "node:crypto";
import { encodeBase64url } from "@countersign/proof/digest";
import type { Json, JsonObject } from "@countersign/proof/jcs";
import { publicJwkOf } from "@countersign/proof/jwk";
import { signBytes } from "@countersign/proof/jws";

/** Who signs: an account by its URL, or a key that has none yet. */
export interface Signer {
  readonly key: KeyObject;
  readonly account?: string;
}

/** What the account's own key signs of a request. @param payload nothing for POST-as-GET @see RFC 8555 §6.2, §6.3 */
export function signRequest(
  { key, account }: Signer,
  said: { readonly url: string; readonly nonce: string; readonly payload: Json | undefined },
): JsonObject {
  const who: JsonObject = account === undefined ? { jwk: jwkOf(key) } : { kid: account };
  const content = contentOf({ alg: "ES256", nonce: said.nonce, url: said.url, ...who }, said.payload);
  return signedBy(content, (bytes) => signBytes(bytes, key));
}

/**
 * Binds a new account's key to one that the authority knows already from elsewhere.
 * @param eab its name and its MAC key
 * @see RFC 8555 §7.3.4
 */
export function bindExternally(
  eab: { readonly kid: string; readonly key: KeyObject },
  { key, url }: { readonly key: KeyObject; readonly url: string },
): JsonObject {
  const content = contentOf({ alg: "HS256", kid: eab.kid, url }, jwkOf(key));
  return signedBy(content, (bytes) => createHmac("sha256", eab.key).update(bytes).digest());
}

const jwkOf = (key: KeyObject): JsonObject => ({ ...publicJwkOf(key) });

interface Content extends JsonObject {
  readonly protected: string;
  readonly payload: string;
}

const contentOf = (head: JsonObject, payload: Json | undefined): Content => ({
  protected: encodeJson(head),
  payload: payload === undefined ? "" : encodeJson(payload),
});

/** The flattened form, without a header that nobody signs. @see RFC 7515 §7.2.2 */
const signedBy = (content: Content, sign: (bytes: Uint8Array) => Uint8Array): JsonObject => ({
  ...content,
  signature: encodeBase64url(sign(Buffer.from(`${content.protected}.${content.payload}`))),
});

const encodeJson = (json: Json): string => encodeBase64url(Buffer.from(JSON.stringify(json)));
