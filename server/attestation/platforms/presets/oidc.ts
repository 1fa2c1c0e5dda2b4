import { hours } from "../../../lib/index.ts";
import { factsAmong, type Preset, requireFacts } from "./preset.ts";

/** What says nothing of whose it is. */
const NOT_OF_WHOM = new Set(["aud", "exp", "iat", "nbf", "jti", "iss", "nonce"]);

/** Any other issuer of OpenID Connect. It promises one thing: that it gives a `sub` to nobody else. */
export const oidc: Preset = {
  longest: hours(1),
  most: hours(24),
  algorithms: ["ES256", "ES384", "EdDSA", "RS256", "PS256"],
  pins: [["sub"]],
  read(claims) {
    const facts = factsAmong(
      claims,
      Object.keys(claims).filter((name) => !NOT_OF_WHOM.has(name)),
    );
    requireFacts(facts, ["sub"]);
    return { facts };
  },
};
