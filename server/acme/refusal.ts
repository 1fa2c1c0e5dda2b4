import type { IncomingHttpHeaders } from "node:http";
import { parseStrict } from "@countersign/proof/jcs";
import { z } from "zod";
import type { OutsideAnswer } from "../http/index.ts";
import { days, seconds } from "../lib/index.ts";
import { printable } from "./printable.ts";

const PREFIX = "urn:ietf:params:acme:error:";
const problem = z.looseObject({ type: z.string().optional(), detail: z.string().optional() });

/** A no of the authority, in its own words: for the operator's log alone. @see RFC 8555 §6.7 */
export class AuthorityRefusal extends Error {
  /** The standard's own word, such as `rateLimited`; nothing where it says another. */
  readonly type: string | undefined;
  /** How long it wants to be left alone, in milliseconds. */
  readonly retryAfter: number | undefined;

  constructor(attackerProblem: unknown, retryAfter: number | undefined, status?: number) {
    const said = problem.safeParse(attackerProblem);
    const { type = "", detail = "" } = said.success ? said.data : {};
    const word = type.startsWith(PREFIX) ? printable(type.slice(PREFIX.length)) : undefined;
    super(`the authority refuses: ${word ?? status ?? "without a reason"} ${printable(detail)}`.trimEnd());
    this.name = "AuthorityRefusal";
    this.type = word;
    this.retryAfter = retryAfter;
  }
}

/** What an answer of 400 or more says. */
export function refusalIn({ status, headers, body }: OutsideAnswer, now: number): AuthorityRefusal {
  return new AuthorityRefusal(readOrNothing(body), retryAfterOf(headers, now), status);
}

function readOrNothing(body: Uint8Array): unknown {
  try {
    return parseStrict(body);
  } catch {
    return undefined;
  }
}

/** Nobody is left alone for longer, whatever he says. */
const LONGEST = days(7);

/** In milliseconds, from either form; nothing where there is none. @see RFC 9110 §10.2.3 */
export function retryAfterOf(headers: IncomingHttpHeaders, now: number): number | undefined {
  const said = headers["retry-after"];
  if (said === undefined || said.length > 40) return undefined;
  const ms = /^[0-9]{1,9}$/.test(said) ? seconds(Number(said)) : Date.parse(said) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST);
}
