import type { JsonObject } from "@countersign/proof/jcs";
import { hours } from "../../../lib/index.ts";
import { refused } from "../refused.ts";
import { factsAmong, type Preset, requireFacts } from "./preset.ts";

const NAMES = ["tid", "oid", "appid", "azp", "xms_mirid", "xms_az_rid"] as const;
const TENANT = /\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=\/|$)/g;

/**
 * A managed identity of Azure. Its issuer names one tenant; whose token it is, `oid` says, and which machine,
 * only `xms_az_rid`, where it stands. Tokens of managed identities live for a day.
 */
export const azure: Preset = {
  longest: hours(25),
  most: hours(25),
  algorithms: ["RS256"],
  names: NAMES,
  pins: [["tid", "oid"]],
  whyNot: (issuer) =>
    tenantOf(issuer) === undefined
      ? "This issuer is many tenants': name one whose address holds the tenant's id."
      : undefined,
  read(claims, issuer) {
    const facts = factsAmong(claims, NAMES);
    requireFacts(facts, ["tid", "oid"]);
    if (facts.tid !== tenantOf(issuer)) throw refused("wrong-tenant", "The token is another tenant's.");
    requireApplication(claims, facts);
    requireVersion(claims, issuer);
    const { oid, xms_az_rid } = facts;
    return { facts, ...(xms_az_rid === undefined ? {} : { copy: `${oid}/${xms_az_rid}` }) };
  },
};

/** The one tenant that an issuer's address holds. */
function tenantOf(issuer: string): string | undefined {
  const [only, ...more] = [...new URL(issuer).pathname.matchAll(TENANT)].map((match) => match[1]);
  return more.length === 0 ? only : undefined;
}

/** A person's token, or one that acts for a person, is no workload's. */
function requireApplication(claims: JsonObject, facts: Readonly<Record<string, string>>): void {
  const { idtyp, sub } = claims;
  const ofPerson =
    (idtyp !== undefined && idtyp !== "app") || Object.hasOwn(claims, "scp") || sub !== facts.oid;
  if (ofPerson) throw refused("token-of-a-person", "The token is a person's, not a workload's.");
}

/** The two kinds of tokens name their issuer in two ways; one that mixes them was made by nobody honest. */
function requireVersion({ ver }: JsonObject, issuer: string): void {
  const expected = /\/v2\.0\/?$/.test(issuer) ? "2.0" : "1.0";
  if (ver === undefined || ver === expected) return;
  throw refused("wrong-issuer", "The token is of another version than its issuer's.");
}
