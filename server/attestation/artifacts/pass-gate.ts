import { z } from "zod";
import { append, perform } from "../../audit/index.ts";
import type { Caller } from "../../lib/index.ts";
import { accepted, principalName } from "../../registry/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { bringImage, broughtImage } from "./bring-image.ts";
import { gatePassed, gateRefused } from "./events-artifacts.ts";
import { attempt, type GateAnswer, type GateQuestion, judgeGate } from "./judge-gate.ts";
import { imageDigest } from "./requirement.ts";

/** What a pipeline asks before it starts something. */
export const gateRequest = z
  .strictObject({
    agent: principalName,
    image: imageDigest.optional(),
    model: z
      .strictObject({
        name: principalName
          .optional()
          .describe("As it is registered; the one that the agent declares unless said."),
        root: z.string().regex(/^[0-9a-f]{64}$/, "A root digest is 64 hexadecimal digits."),
      })
      .optional(),
    signatures: broughtImage.shape.bundles
      .optional()
      .describe("Signatures over the image, brought with the question."),
    manifest: broughtImage.shape.manifest,
  })
  .refine(({ image, signatures }) => image !== undefined || signatures === undefined, {
    message: "Signatures are over an image that is named.",
  });
export type GateRequest = z.input<typeof gateRequest>;

/**
 * Answers whether something may be started as an agent. The answer is in the log, whichever it is. Signatures that
 * are brought along are verified and kept first; one that does not hold is a reason as any other.
 * @throws Fault `invalid`
 */
export async function passGate(
  deps: AttestationDeps,
  caller: Caller,
  attackerRequest: GateRequest,
): Promise<GateAnswer> {
  const { agent, image, model, signatures, manifest } = accepted("question", gateRequest, attackerRequest);
  const images = image === undefined ? [] : [image];
  const question = { attackerAgent: agent, images, model, containerless: true };
  if (image === undefined || signatures === undefined)
    return answerAndRecord(deps, caller, question, "pipeline");
  const brought = { digest: image, bundles: signatures, ...(manifest === undefined ? {} : { manifest }) };
  const { reason } = await attempt(() => bringImage(deps, caller, brought), image);
  if (reason !== undefined) return { allowed: false, reasons: [reason], checks: [] };
  return answerAndRecord(deps, caller, question, "pipeline");
}

/** @param asked by whom: a pipeline, or a cluster's name */
export function answerAndRecord(
  deps: AttestationDeps,
  caller: Caller,
  question: GateQuestion,
  asked: string,
): Promise<GateAnswer> {
  return perform(deps, caller, "gate.ask", async (change) => {
    const answer = await judgeGate(deps, question);
    const { attackerAgent: agent, images, model } = question;
    const known = answer.reasons.every(({ reason }) => reason !== "agent-unknown");
    const body = {
      asked,
      agent,
      images: [...images],
      ...(model === undefined ? {} : { model: `sha256:${model.root}` }),
      reasons: answer.reasons.map(({ reason }) => reason),
    };
    append(change, (answer.allowed ? gatePassed : gateRefused)(deps, caller, known ? { agent } : {}, body));
    return answer;
  });
}

/** What asks to be started and cannot even be judged is refused, and that is in the log. */
export const recordUnreadable = (
  deps: AttestationDeps,
  caller: Caller,
  asked: string,
  reason: string,
): Promise<void> =>
  perform(deps, caller, "gate.ask", async (change) => {
    append(change, gateRefused(deps, caller, {}, { asked, images: [], reasons: [reason] }));
  });
