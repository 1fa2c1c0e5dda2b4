import { describeGrant, type Grant, parseGrant } from "../grant/index.ts";
import { canonicalize, isJsonObject, type Json, type JsonObject } from "../jcs/index.ts";
import { parsePublicJwk, thumbprint } from "../jwk/index.ts";
import { ownMember } from "../jws/index.ts";
import { humanPrincipal } from "../token/index.ts";
import { VerificationError } from "../verification-error.ts";
import type { InspectedPart, Party, Problem } from "./inspection.ts";
import { numberOf, objectIn, type RawToken, textOf } from "./raw-token.ts";

/** Claims that stand elsewhere in what is shown, or in none of it: times, grants, parties. */
const shownElsewhere = new Set([
  "iat",
  "nbf",
  "exp",
  "authorization_details",
  "act",
  "may_act",
  "rev",
  "status_list",
]);

/** What people call the claims that they ask for most. */
const labels: Readonly<Record<string, string>> = {
  iss: "issuer",
  sub: "for",
  aud: "audience",
  client_id: "client",
  jti: "id",
  txn: "task",
  cnf: "bound to",
  htm: "method",
  htu: "URL",
  ath: "over token",
  args_hash: "arguments hash",
  agent_class: "class",
  agent_version: "version",
  image_digest: "image",
  model_digest: "model weights",
  chain_hash: "chain hash",
  policy_version: "policy",
  per_call: "decided per call",
  wrt: "from warrant",
  req_wl: "asked for by",
  rctx: "request",
  tctx: "transaction",
  par_hash: "follows",
};

/** Every claim that is worth reading, as text. */
export function factsOf(claims: JsonObject): InspectedPart["facts"] {
  return Object.entries(claims)
    .filter(([name]) => !shownElsewhere.has(name))
    .map(([name, value]) => ({
      label: Object.hasOwn(labels, name) ? (labels[name] ?? name) : name,
      value: (Object.hasOwn(sayings, name) ? sayings[name] : undefined)?.(value) ?? said(value),
    }));
}

/** Claims that are better said than shown. */
const sayings: Readonly<Record<string, (value: Json) => string>> = {
  cnf: holderSaid,
  status: statusSaid,
  chain: chainSaid,
};

function chainSaid(value: Json): string {
  if (!Array.isArray(value)) return said(value);
  const links = value.map((link) =>
    isJsonObject(link) ? `${textOf(link, "agent")} (${textOf(link, "edge")})` : said(link),
  );
  return links.join(", then ");
}

/** A whole key tells people nothing; its thumbprint is what records and refusals call it by. */
function holderSaid(value: Json): string {
  const jwk = objectIn(value, "jwk");
  if (jwk === undefined) return said(value);
  try {
    return `key ${thumbprint(parsePublicJwk(jwk))}`;
  } catch (error) {
    if (error instanceof VerificationError) return "a key that cannot be read";
    throw error;
  }
}

function statusSaid(value: Json): string {
  const list = objectIn(value, "status_list") ?? {};
  const [idx, uri] = [numberOf(list, "idx"), textOf(list, "uri")];
  return idx === undefined || uri === undefined ? said(value) : `place ${idx} of ${uri}`;
}

function said(value: Json): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value.join(", ");
  return isJsonObject(value) ? members(value) : canonicalize(value);
}

/** A small object as its members, a nested one as JSON. */
function members(object: JsonObject): string {
  const parts = Object.entries(object).map(([name, value]) => {
    return `${name} ${typeof value === "string" ? value : canonicalize(value)}`;
  });
  return parts.join(", ");
}

/** The grants of a text, in words; those that cannot be read are told as problems. */
export function grantsOf(claims: JsonObject): { grants: string[]; problems: Problem[] } {
  const details = ownMember(claims, "authorization_details");
  const list = Array.isArray(details) ? details : [];
  const read = list.map((value) => readGrant(value));
  return {
    grants: read.flatMap((each) => (each.grant === undefined ? [] : [describeGrant(each.grant)])),
    problems: read.flatMap((each) => (each.problem === undefined ? [] : [each.problem])),
  };
}

function readGrant(value: Json): { grant?: Grant; problem?: Problem } {
  try {
    return { grant: parseGrant(value) };
  } catch (error) {
    if (!(error instanceof VerificationError)) throw error;
    return { problem: { code: error.code, problem: error.message } };
  }
}

/** Times, and what is wrong with them now. */
export function timesOf(
  claims: JsonObject,
  now: number,
): Pick<InspectedPart, "issued" | "begins" | "ends" | "problems"> {
  const [issued, begins, ends] = [numberOf(claims, "iat"), numberOf(claims, "nbf"), numberOf(claims, "exp")];
  const problems: Problem[] = [];
  if (ends !== undefined && ends * 1000 <= now) problems.push({ code: "expired", problem: "it has expired" });
  const begin = Math.max(issued ?? 0, begins ?? 0);
  if (begin * 1000 > now + 30_000) problems.push({ code: "not-yet-valid", problem: "it lies in the future" });
  return {
    ...(issued === undefined ? {} : { issued }),
    ...(begins === undefined ? {} : { begins }),
    ...(ends === undefined ? {} : { ends }),
    problems,
  };
}

/** Who is behind a token and who acts: the person and the outermost actor, as it says. */
export function partiesOf({ kind, claims }: RawToken): { from?: Party; to?: Party } {
  const sub = textOf(claims, "sub");
  const actor = textOf(objectIn(claims, "act") ?? objectIn(claims, "may_act") ?? {}, "sub");
  if (kind === "access-token" || kind === "delegation-ticket" || kind === "id-jag") {
    if (sub !== undefined && actor !== undefined)
      return { from: principalOf(sub), to: { kind: "agent", name: actor } };
    return sub === undefined ? {} : { to: kind === "id-jag" ? { kind: "person", name: sub } : actingOf(sub) };
  }
  return sub !== undefined && kind === "client-assertion" ? { from: { kind: "agent", name: sub } } : {};
}

/** For whom something is done: a person, or an agent that nobody asked. */
const principalOf = (sub: string): Party => ({
  kind: humanPrincipal(sub) === undefined ? "agent" : "person",
  name: sub,
});

/** Whoever acts with nobody before it: an agent or a service by its SPIFFE ID. */
const actingOf = (sub: string): Party => ({
  kind: /^spiffe:\/\/[^/]*\/service\//.test(sub) ? "service" : "agent",
  name: sub,
});

/** The agents between, outermost first, where there are several. */
export function actorsOf(claims: JsonObject): string[] {
  const names: string[] = [];
  for (
    let act = objectIn(claims, "act");
    act !== undefined && names.length < 16;
    act = objectIn(act, "act")
  ) {
    names.push(textOf(act, "sub") ?? "nobody named");
  }
  return names;
}
