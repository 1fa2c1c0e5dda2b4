import { X509Certificate } from "node:crypto";
import { encodeBase64url } from "@countersign/proof/digest";
import { contentOf, type Der, partsOf, readDer, readOid, TAG } from "@countersign/proof/x509";
import { z } from "zod";
import { askOutside } from "../http/index.ts";
import { hours } from "../lib/index.ts";
import type { AcmeDeps } from "./acme-deps.ts";
import { fetchDirectory, PATIENCE, USER_AGENT, within } from "./directory.ts";
import { readAs } from "./read-answer.ts";
import { refusalIn, retryAfterOf } from "./refusal.ts";
import type { Asking } from "./settings.ts";

/** How often it is asked, whatever it says. */
export const ASK_EVERY = hours(6);
const SELDOM = hours(24);

const time = z.iso.datetime({ offset: true });
const info = z.looseObject({ suggestedWindow: z.looseObject({ start: time, end: time }) });

/** When an authority wants a certificate renewed, and when it wants to be asked again; milliseconds. */
export interface Suggestion {
  readonly renews: number | undefined;
  readonly again: number;
}

/**
 * Asks the authority when it wants this certificate renewed: it may have to revoke it before its time.
 * @param chance from 0 to 1: where in the window, so that not all come at once
 * @throws AuthorityRefusal, Fault `unavailable`, Error
 * @see RFC 9773 §4
 */
export async function suggestedRenewal(
  { clock }: Pick<AcmeDeps, "clock">,
  asking: Asking,
  { chain, chance }: { readonly chain: string; readonly chance: number },
): Promise<Suggestion> {
  const { renewalInfo } = await fetchDirectory(asking);
  const id = renewalInfo === undefined ? undefined : renewalIdOf(chain);
  if (renewalInfo === undefined || id === undefined) return { renews: undefined, again: SELDOM };
  const answer = await askOutside(asking.outbound, {
    url: within(asking, `${renewalInfo}/${id}`),
    registered: asking.registered,
    timeoutMs: PATIENCE,
    headers: USER_AGENT,
  });
  if (answer.status !== 200) throw refusalIn(answer, clock.now());
  const { start, end } = readAs("word on renewals", info, answer).suggestedWindow;
  const [from, to] = [Date.parse(start), Date.parse(end)];
  if (to <= from) throw new Error("the authority's window ends before it begins");
  const again = retryAfterOf(answer.headers, clock.now()) ?? ASK_EVERY;
  return {
    renews: Math.max(0, Math.floor(from + (to - from) * chance)),
    again: Math.min(Math.max(again, ASK_EVERY), SELDOM),
  };
}

/**
 * By what the authority knows the first certificate of a chain: its issuer's key and its serial number.
 * @returns nothing where it does not say who its issuer is
 * @see RFC 9773 §4.1
 */
export function renewalIdOf(chain: string): string | undefined {
  const [signed] = partsOf(readDer(new X509Certificate(chain).raw));
  const fields = partsOf(signed);
  const keyId = issuerKeyIn(fields.find(({ tag }) => tag === 0xa3));
  if (keyId === undefined) return undefined;
  return `${encodeBase64url(keyId)}.${encodeBase64url(contentOf(fields[1], TAG.integer))}`;
}

function issuerKeyIn(attackerExtensions: Der | undefined): Uint8Array | undefined {
  const [list] = attackerExtensions === undefined ? [] : partsOf(attackerExtensions, 0xa3);
  if (list === undefined) return undefined;
  for (const attackerExtension of partsOf(list)) {
    const parts = partsOf(attackerExtension);
    if (readOid(parts[0]) !== "2.5.29.35") continue;
    const said = partsOf(readDer(contentOf(parts.at(-1), TAG.octetString)));
    return said.find(({ tag }) => tag === 0x80)?.content;
  }
  return undefined;
}
