import { readDelegationToken } from "../delegation-token/index.ts";
import { verifyDpopProof } from "../dpop/index.ts";
import type { JsonObject } from "../jcs/index.ts";
import { createKeySet, type KeySet } from "../jwk/index.ts";
import { decodeStatuses, STATUS, verifyStatusList } from "../status-list/index.ts";
import { verifyAccessToken } from "../token/index.ts";
import { readTxnToken } from "../txn-token/index.ts";
import { VerificationError } from "../verification-error.ts";
import { actorsOf, factsOf, grantsOf, partiesOf, timesOf } from "./facts.ts";
import type { InspectedPart, Problem, SignatureFound, TokenKind } from "./inspection.ts";
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

/** What a signature that is not known to hold is to a verifier. Unchecked for want of keys is no fault of a text. */
export function brokenOf(signature: SignatureFound): Problem[] {
  if (signature.state === "broken")
    return [{ code: "bad-signature", problem: "the signature does not hold" }];
  if (signature.state === "unchecked" && signature.code !== undefined)
    return [{ code: signature.code, problem: signature.why }];
  return [];
}

/** What the reader of each kind would say, where it needs nothing but the issuer's keys. */
function asVerified({ compact, claims, kind }: RawToken, keys: KeySet | undefined, now: number): Problem[] {
  const read = readers[kind];
  if (read === undefined || (keys === undefined && kind !== "dpop-proof")) return [];
  try {
    read(compact, { claims, keys: keys ?? noKeys, now });
    return [];
  } catch (error) {
    if (!(error instanceof VerificationError)) throw error;
    return [{ code: error.code, problem: error.message }];
  }
}

type Reading = { claims: JsonObject; keys: KeySet; now: number };

const noKeys: KeySet = createKeySet({ keys: [] });

/** Each is expected to be for whom it says, and for the request that it says. */
const readers: { readonly [kind in TokenKind]?: (compact: string, reading: Reading) => unknown } = {
  "access-token": (compact, { claims, keys, now }) =>
    verifyAccessToken(compact, { ...saidBy(claims), keys, now }),
  "delegation-ticket": (compact, { claims, keys, now }) =>
    readDelegationToken(compact, { issuer: saidBy(claims).issuer, keys, now }),
  "transaction-token": (compact, { claims, keys, now }) => {
    const { issuer, audience } = saidBy(claims);
    return readTxnToken(compact, { issuer, trustDomain: audience, keys, now });
  },
  "status-list": (compact, { claims, keys, now }) =>
    verifyStatusList(compact, { uri: textOf(claims, "sub") ?? "", keys, now }),
  "dpop-proof": (compact, { claims, now }) =>
    verifyDpopProof(compact, {
      method: textOf(claims, "htm") ?? "",
      url: textOf(claims, "htu") ?? "",
      now,
      windowSeconds: longestWindow,
    }),
};

/** No verifier of ours takes an older proof, in seconds; most take none that is older than a minute. */
const longestWindow = 300;

const saidBy = (claims: JsonObject): { issuer: string; audience: string } => ({
  issuer: textOf(claims, "iss") ?? "",
  audience: textOf(claims, "aud") ?? "",
});

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
