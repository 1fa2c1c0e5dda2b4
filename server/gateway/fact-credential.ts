import { signCompact } from "@countersign/proof/jws";
import { inSeconds, newId } from "../lib/index.ts";
import type { GatewayDeps } from "./gateway-deps.ts";

const TYP = "fact-request+jwt";
const LIFETIME_SECONDS = 60;

/**
 * What the server proves itself with when it asks for a fact: a token for this request alone, verifiable
 * with the keys that it publishes, so that nobody has to keep a secret. Its type is its own: it passes for no
 * access token.
 * @param url that is asked
 * @see RFC 7519, RFC 8725 §3.11
 */
export function factCredential(deps: GatewayDeps, url: string): string {
  const { kid, key } = deps.keys.signer("token");
  const { origin, pathname } = new URL(url);
  const iat = inSeconds(deps.clock.now());
  return signCompact({
    header: { typ: TYP, kid },
    payload: {
      iss: deps.issuer,
      sub: deps.issuer,
      aud: origin,
      htm: "GET",
      htu: `${origin}${pathname}`,
      iat,
      exp: iat + LIFETIME_SECONDS,
      jti: newId(deps, "jti"),
    },
    key,
  });
}
