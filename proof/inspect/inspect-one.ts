import { readDelegationToken } from "../delegation-token/index.ts";
import type { JsonObject } from "../jcs/index.ts";
import type { KeySet } from "../jwk/index.ts";
import { decodeStatuses, STATUS } from "../status-list/index.ts";
import { verifyAccessToken } from "../token/index.ts";
import { VerificationError } from "../verification-error.ts";
import { actorsOf, factsOf, grantsOf, partiesOf, timesOf } from "./facts.ts";
import type { InspectedPart, Problem, SignatureFound } from "./inspection.ts";
import { numberOf, objectIn, type RawToken, textOf } from "./raw-token.ts";
import { signedByIssuer, signedByItsOwnKey } from "./signature.ts";

/** Reads one token that is no link of a chain. */
export function inspectOne(
  token: RawToken,
  { keys, now }: { keys: KeySet | undefined; now: number },
): InspectedPart {
  const { header, claims, kind } = token;
  const { grants, problems } = grantsOf(claims);
  const times = timesOf(claims, now);
  const actors = actorsOf(claims);
  const between =
    actors.length > 1 ? [{ label: "handed on by", value: actors.slice(1).toReversed().join(", then ") }] : [];
  const signature = signatureOf(token, keys);
  return {
    kind,
    alg: textOf(header, "alg"),
    kid: textOf(header, "kid"),
    ...partiesOf(token),
    facts: [...factsOf(claims), ...between, ...(kind === "status-list" ? statusFacts(claims) : [])],
    grants,
    tookAway: [],
    ...times,
    signature,
    problems: distinct([
      ...brokenOf(signature),
      ...times.problems,
      ...problems,
      ...asVerified(token, keys, now),
    ]),
  };
}

function signatureOf(token: RawToken, keys: KeySet | undefined): SignatureFound {
  if (token.kind === "dpop-proof") return signedByItsOwnKey(token);
  if (token.kind === "client-assertion") {
    return {
      state: "unchecked",
      why: "the client signed it with a key of its own; only the server knows that key",
    };
  }
  return signedByIssuer(token, keys);
}

export const brokenOf = (signature: SignatureFound): Problem[] =>
  signature.state === "broken" ? [{ code: "bad-signature", problem: "the signature does not hold" }] : [];

/** What the verifier itself would say, where it needs nothing but the issuer's keys. */
function asVerified({ compact, claims, kind }: RawToken, keys: KeySet | undefined, now: number): Problem[] {
  if (keys === undefined) return [];
  const [issuer, audience] = [textOf(claims, "iss") ?? "", textOf(claims, "aud") ?? ""];
  try {
    if (kind === "access-token") verifyAccessToken(compact, { issuer, audience, keys, now });
    if (kind === "delegation-ticket") readDelegationToken(compact, { issuer, keys, now });
    return [];
  } catch (error) {
    if (!(error instanceof VerificationError)) throw error;
    return error.code === "unknown-key" ? [] : [{ code: error.code, problem: error.message }];
  }
}

/** Each code once, but for what is wider: there each says something of its own. */
export function distinct(problems: readonly Problem[]): Problem[] {
  return problems.filter(({ code }, i) => {
    const isFirst = problems.findIndex((each) => each.code === code) === i;
    return code === undefined || code === "widened" || isFirst;
  });
}

const mostInflated = 4_194_304;

/** How many a status list tells about, and how many of them are not well. */
function statusFacts(claims: JsonObject): InspectedPart["facts"] {
  const list = objectIn(claims, "status_list") ?? {};
  const [bits, lst] = [numberOf(list, "bits"), textOf(list, "lst")];
  if (lst === undefined || bits === undefined || ![1, 2, 4, 8].includes(bits)) return [];
  try {
    const bytes = decodeStatuses(lst, mostInflated);
    const counts = countsOf(bytes, bits);
    const told = [...counts].map(
      ([status, count]) => `${count} ${statusNames.get(status) ?? `of status ${status}`}`,
    );
    return [{ label: "places", value: `${(bytes.length * 8) / bits} of ${bits} bits: ${told.join(", ")}` }];
  } catch (error) {
    if (!(error instanceof VerificationError)) throw error;
    return [{ label: "places", value: "cannot be read" }];
  }
}

const statusNames = new Map<number, string>(Object.entries(STATUS).map(([name, status]) => [status, name]));

/** @see Token Status List §4.1 */
function countsOf(bytes: Uint8Array, bits: number): Map<number, number> {
  const counts = new Map<number, number>();
  const mask = 2 ** bits - 1;
  for (const byte of bytes) {
    for (let shift = 0; shift < 8; shift += bits) {
      const status = (byte >> shift) & mask;
      counts.set(status, (counts.get(status) ?? 0) + 1);
    }
  }
  return counts;
}
