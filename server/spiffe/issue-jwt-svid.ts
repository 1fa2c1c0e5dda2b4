import { Fault, type Id, minutes, newId, seconds } from "../lib/index.ts";
import { requireOwnWorkload } from "./own-workload.ts";
import type { AuthorityDeps } from "./spiffe-deps.ts";

export interface WantedJwtSvid {
  /** SPIFFE ID of a workload of our own trust domain. */
  readonly id: string;
  /** For whom it is, exactly so. One is best: each of several could be it to the others. */
  readonly audience: readonly string[];
  /** Milliseconds since the epoch; what is later than five minutes from now is five minutes. */
  readonly expires: number;
}

export interface IssuedJwtSvid {
  readonly svid: string;
  readonly jti: Id<"jti">;
  readonly expires: number;
}

const LONGEST = minutes(5);
const MOST_AUDIENCES = 10;
const LONGEST_AUDIENCE = 1_000;

/**
 * Signs a JWT-SVID: a bearer secret, each with an id of its own. Records nothing and asks nobody.
 * @throws Fault `invalid` for what is no workload of ours or no audience; `gone` for an end that has passed;
 *   `unavailable` while the authority's key is away
 * @see JWT-SVID §2, §3
 */
export async function issueJwtSvid(deps: AuthorityDeps, wanted: WantedJwtSvid): Promise<IssuedJwtSvid> {
  const { uri } = requireOwnWorkload(deps, wanted.id);
  const aud = requireAudience(wanted.audience);
  const { signer } = await deps.authority.signer(deps, "jwt-svid");
  const now = deps.clock.now();
  const [iat, exp] = [Math.floor(now / 1000), Math.floor(Math.min(wanted.expires, now + LONGEST) / 1000)];
  if (exp <= iat) throw ended();
  const jti = newId(deps, "jti");
  const header = { alg: "ES256", kid: signer.kid, typ: "JWT" };
  const claims = { iss: deps.issuer, sub: uri, aud, iat, exp, jti };
  const signed = [header, claims].map(encoded).join(".");
  const signature = Buffer.from(await signer.sign(Buffer.from(signed))).toString("base64url");
  return { svid: `${signed}.${signature}`, jti, expires: exp * seconds(1) };
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");

function requireAudience(attackerAudience: readonly string[]): string[] {
  const sound = attackerAudience.length > 0 && attackerAudience.length <= MOST_AUDIENCES;
  const different = new Set(attackerAudience).size === attackerAudience.length;
  if (sound && different && attackerAudience.every(isAudience)) return [...attackerAudience];
  throw new Fault("invalid", "A JWT-SVID is for somebody.", {
    remedy: `Name one audience, or at most ${MOST_AUDIENCES} different ones.`,
    members: { reason: "svid-audience" },
  });
}

/** Visible text: what two readers could take for two things names nobody. */
const isAudience = (text: string): boolean =>
  text.length > 0 && text.length <= LONGEST_AUDIENCE && !/[\p{Cc}\p{Cf}\p{Cs}]/u.test(text);

const ended = (): Fault =>
  new Fault("gone", "A JWT-SVID would have expired already.", {
    remedy: "Ask for one that lives longer.",
    members: { reason: "svid-too-short" },
  });
