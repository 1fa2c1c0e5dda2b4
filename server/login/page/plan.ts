import { describeStep, type Plan, parsePlan, planBytes } from "@countersign/proof/consent";
import { encodeBase64url } from "@countersign/proof/digest";
import type { Json } from "@countersign/proof/jcs";
import { h, mono } from "./dom.ts";

/** A plan as the server shows it: with its hash, which is computed here anew. */
export type ShownPlan = Json;

/**
 * The plan that is shown, if it is the one whose hash she would sign: `none` where there is neither.
 * @throws Error where the one is not the other's
 */
export async function planSigned(
  shown: ShownPlan | undefined,
  signedHash: string | undefined,
): Promise<Plan | "none"> {
  if (shown === undefined && signedHash === undefined) return "none";
  const { hash: _, ...declared } = shown as { hash?: Json } & Record<string, Json>;
  const plan = parsePlan(declared);
  const hash = await crypto.subtle.digest("SHA-256", Uint8Array.from(planBytes(plan)));
  if (encodeBase64url(new Uint8Array(hash)) === signedHash) return plan;
  throw new Error("another plan than is signed");
}

/** What it will do, step by step, and what becomes of a call outside it. */
export function planSection({ steps, ordered, on_drift }: Plan): HTMLElement[] {
  const how = ordered ? "These steps, in this order." : "These steps, in any order.";
  const drift =
    on_drift === "end" ? "Any other call is refused, and ends the task." : "Any other call is refused.";
  return [
    h("h2", {}, "What it plans"),
    h("ol", { class: "plan" }, ...steps.map((step) => h("li", {}, mono(describeStep(step))))),
    h("p", { class: "aside" }, `${how} ${drift}`),
  ];
}
