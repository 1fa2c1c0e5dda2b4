import { encodeBase64url } from "@countersign/proof/digest";
import { canonicalBytes, canonicalize, type Json } from "@countersign/proof/jcs";
import { h, visible } from "./dom.ts";

/** What a person is about to sign: the object, its one canonical text, and the hash that her passkey signs. */
export interface Signable {
  readonly canonical: string;
  readonly hash: Uint8Array<ArrayBuffer>;
}

/**
 * Hashes the very object that the page shows. No challenge is ever taken from the server: a server that
 * lies about what is signed gets a signature over what was shown.
 */
export async function signable(shown: Json): Promise<Signable> {
  const bytes = Uint8Array.from(canonicalBytes(shown));
  return {
    canonical: canonicalize(shown),
    hash: new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)),
  };
}

/** The exact bytes, for whoever wants to see them. */
export function exactly({ canonical, hash }: Signable): HTMLElement {
  return h(
    "details",
    {},
    h("summary", {}, "Exactly what is signed"),
    h("p", {}, "Your passkey signs the SHA-256 of this text, which this page computed from what it shows:"),
    h("pre", { tabindex: "0", "aria-label": "Canonical text" }, visible(canonical)),
    h("p", {}, "SHA-256 ", h("code", { class: "hash" }, encodeBase64url(hash))),
  );
}
