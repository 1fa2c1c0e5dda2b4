import { type Call, type Grant, permits } from "../grant/index.ts";
import { canonicalize } from "../jcs/index.ts";
import { VerificationError } from "../verification-error.ts";
import type { WarrantLink } from "./link.ts";
import { atLink } from "./warrant-error.ts";

/** A number of uses that some link allows. Every use of the chain counts against each of them. */
export type UseLimit = {
  /** The link, and which of its grants. */
  jti: string;
  grant: number;
  most: number;
};

/** A call that every link permits. */
export type JudgedCall = {
  tool: string;
  /** The canonical text of the arguments that were judged: these bytes are to be forwarded, and no others. */
  args: string;
  /** By which grant each link permits it, root first. */
  grants: Grant[];
};

/** What grants ask for beyond the arguments, and this package cannot discharge. */
export type CallConditions = { acr?: string[]; approval?: "required"; max_uses?: UseLimit[] };

/**
 * Judges a call by every link of a chain, never by the last alone: that a link fits inside the one before is
 * hygiene, that each permits the call is what safety rests on.
 *
 * @throws WarrantError `not-permitted`
 */
export function judgeCall(
  links: readonly WarrantLink[],
  call: Call,
): { call: JudgedCall; conditions: CallConditions } {
  const chosen = links.map((link, i) => atLink(i, () => choose(link, call)));
  const grants = chosen.map(({ grant }) => grant);
  return {
    call: { tool: call.identifier, args: canonicalize(call.args ?? {}), grants },
    conditions: conditionsOf(chosen),
  };
}

type Choice = { jti: string; index: number; grant: Grant };

/** Of several grants that permit the call the one that asks for least. */
function choose({ claims }: WarrantLink, call: Call): Choice {
  const choices = claims.authorization_details
    .map((grant, index) => ({ jti: claims.jti, index, grant }))
    .filter(({ grant }) => permits(grant, call));
  const [lightest] = choices.sort((a, b) => weight(a.grant) - weight(b.grant));
  if (lightest === undefined) throw new VerificationError("not-permitted", "no grant permits this call");
  return lightest;
}

const weight = ({ acr, approval, max_uses }: Grant): number =>
  [acr, approval, max_uses].filter((condition) => condition !== undefined).length;

function conditionsOf(chosen: readonly Choice[]): CallConditions {
  const acr = [...new Set(chosen.flatMap(({ grant }) => grant.acr ?? []))];
  const uses = chosen.flatMap(({ jti, index, grant: { max_uses } }) =>
    max_uses === undefined ? [] : [{ jti, grant: index, most: max_uses }],
  );
  return {
    ...(acr.length > 0 ? { acr } : {}),
    ...(chosen.some(({ grant }) => grant.approval !== undefined) ? { approval: "required" } : {}),
    ...(uses.length > 0 ? { max_uses: uses } : {}),
  };
}
