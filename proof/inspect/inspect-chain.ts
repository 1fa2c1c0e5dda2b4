import type { KeyObject } from "node:crypto";
import { coversAll } from "../grant/index.ts";
import { importPublicJwk, type KeySet } from "../jwk/index.ts";
import { VerificationError } from "../verification-error.ts";
import { readLink, requireNarrower, requireRoot, type WarrantLink } from "../warrant/index.ts";
import { factsOf, grantsOf, timesOf } from "./facts.ts";
import { brokenOf, distinct } from "./inspect-one.ts";
import type { InspectedPart, Party, Problem, SignatureFound } from "./inspection.ts";
import { objectIn, type RawToken, rawToken, textOf } from "./raw-token.ts";
import { signedBy, signedByIssuer } from "./signature.ts";
import { mayHandOn, tookAway } from "./took-away.ts";

/** One link, and what is known of it when it could be read as strictly as a verifier reads. */
type ReadLink = { token: RawToken; link?: WarrantLink; holder?: KeyObject; problems: Problem[] };

/** Reads the links of a chain, root first; a single link may be any of them. */
export function inspectChain(
  attackerChain: readonly string[],
  { keys, now }: { keys: KeySet | undefined; now: number },
): { parts: InspectedPart[]; problems: Problem[] } {
  const links = attackerChain.map((compact) => readForPeople(compact));
  const parts = links.map((link, i) => partOf(link, links[i - 1], keys, now));
  return { parts, problems: [...repeated(links), ...headless(links)] };
}

function readForPeople(attackerCompact: string): ReadLink {
  const token = rawToken(attackerCompact);
  const problems: Problem[] = [];
  try {
    const link = readLink(attackerCompact);
    return { token, link, holder: importPublicJwk(link.claims.cnf.jwk), problems };
  } catch (error) {
    return { token, problems: [problemOf(error)] };
  }
}

function partOf(
  { token, link, problems }: ReadLink,
  before: ReadLink | undefined,
  keys: KeySet | undefined,
  now: number,
): InspectedPart {
  const { header, claims } = token;
  const times = timesOf(claims, now);
  const { grants } = grantsOf(claims);
  const signature = signatureOf(token, before, keys);
  const handOn = link === undefined ? [] : [{ label: "handing on", value: mayHandOn(link.claims) }];
  return {
    kind: "warrant",
    alg: textOf(header, "alg"),
    kid: textOf(header, "kid"),
    ...partiesOfLink(token, before?.token),
    facts: [...factsOf(readable(claims)), ...handOn],
    grants,
    tookAway:
      before?.link === undefined || link === undefined ? [] : tookAway(before.link.claims, link.claims),
    ...times,
    signature,
    problems: distinct([...brokenOf(signature), ...problems, ...times.problems, ...places(link, before)]),
  };
}

/** Without what links say to verifiers only: whether that is right is told as a problem, or not at all. */
function readable({ del_depth: _, del_max_depth: __, par_hash, iss = "", ...claims }: JsonLike): JsonLike {
  return par_hash === undefined ? { iss, ...claims } : claims;
}

/** Names are the giver's word; only the key that it gives to is proven by anything. */
function partiesOfLink({ claims }: RawToken, before: RawToken | undefined): { from: Party; to: Party } {
  const holderOf = (token: JsonLike) => textOf(objectIn(token, "act") ?? {}, "sub") ?? "nobody named";
  const giver: Party =
    before === undefined
      ? isDerived(claims)
        ? { kind: "key", name: textOf(claims, "iss") ?? "unknown" }
        : { kind: "service", name: textOf(claims, "iss") ?? "unknown" }
      : { kind: "agent", name: holderOf(before.claims) };
  return { from: giver, to: { kind: "agent", name: holderOf(claims) } };
}

type JsonLike = RawToken["claims"];

const isDerived = (claims: JsonLike): boolean => textOf(claims, "par_hash") !== undefined;

function signatureOf(
  token: RawToken,
  before: ReadLink | undefined,
  keys: KeySet | undefined,
): SignatureFound {
  if (before?.holder !== undefined)
    return signedBy(token, before.holder, "the key that holds the link before");
  if (before !== undefined) return { state: "unchecked", why: "the key of the link before cannot be read" };
  if (isDerived(token.claims))
    return { state: "unchecked", why: "the link before is missing, and with it the key" };
  return signedByIssuer(token, keys);
}

/** What is wrong with where a link stands. */
function places(link: WarrantLink | undefined, before: ReadLink | undefined): Problem[] {
  if (link === undefined || (before !== undefined && before.link === undefined)) return [];
  try {
    if (before?.link !== undefined) requireNarrower(before.link, link.claims);
    else if (!isDerived(link.claims)) requireRoot(link.claims, link.claims.iss);
    return [];
  } catch (error) {
    return [...wider(link, before?.link), problemOf(error)];
  }
}

/** Of grants that are wider than those before, which they are. */
function wider({ claims }: WarrantLink, before: WarrantLink | undefined): Problem[] {
  const had = before?.claims.authorization_details ?? [];
  const { grants } = grantsOf({
    authorization_details: claims.authorization_details.filter((grant) => !coversAll(had, [grant])),
  });
  return grants.map((grant) => ({ code: "widened", problem: `nobody gave it ${grant}` }));
}

function repeated(links: readonly ReadLink[]): Problem[] {
  const ids = links.flatMap(({ link }) => link?.claims.jti ?? []);
  if (new Set(ids).size === ids.length) return [];
  return [{ code: "broken-chain", problem: "two links have the same jti" }];
}

function headless([first]: readonly ReadLink[]): Problem[] {
  if (first?.link === undefined || !isDerived(first.token.claims)) return [];
  return [{ problem: "the chain does not begin with a root: no verifier takes it alone" }];
}

function problemOf(error: unknown): Problem {
  if (error instanceof VerificationError) return { code: error.code, problem: error.message };
  throw error;
}
