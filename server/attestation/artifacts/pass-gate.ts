import { z } from "zod";
import { append, perform } from "../../audit/index.ts";
import type { Caller } from "../../lib/index.ts";
import { accepted, principalName } from "../../registry/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { bringImage, broughtImage } from "./bring-image.ts";
import { gatePassed, gateRefused } from "./events-artifacts.ts";
import { attempt, type GateAnswer, type GateQuestion, type GateReason, judgeGate } from "./judge-gate.ts";
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
  .refine(({ manifest, signatures }) => manifest === undefined || signatures !== undefined, {
    message: "A manifest comes with the signatures over it.",
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
  const question = {
    attackerAgent: agent,
    images: image === undefined ? [] : [image],
    model,
    containerless: true,
  };
  const brought = {
    digest: image ?? "",
    bundles: signatures ?? [],
    ...(manifest === undefined ? {} : { manifest }),
  };
  const { reason } =
    signatures === undefined ? {} : await attempt(() => bringImage(deps, caller, brought), image);
  return answerAndRecord(deps, caller, question, {
    asked: "pipeline",
    ...(reason === undefined ? {} : { reason }),
  });
}

/** Who asks, and what is wrong already with how. */
interface Asking {
  /** `pipeline`, or a cluster's name. */
  readonly asked: string;
  readonly reason?: GateReason;
}

/** Judges, and records the answer in the same change. */
export function answerAndRecord(
  deps: AttestationDeps,
  caller: Caller,
  question: GateQuestion,
  { asked, reason }: Asking,
): Promise<GateAnswer> {
  return perform(deps, caller, "gate.ask", async (change) => {
    const judged = await judgeGate(deps, question);
    const reasons = [...(reason === undefined ? [] : [reason]), ...judged.reasons];
    const { attackerAgent: agent, images, model } = question;
    const known = reasons.every((each) => each.reason !== "agent-unknown");
    const body = {
      asked,
      agent,
      images: [...images],
      ...(model === undefined ? {} : { model: `sha256:${model.root}` }),
      reasons: reasons.map((each) => each.reason),
    };
    const allowed = reasons.length === 0;
    append(change, (allowed ? gatePassed : gateRefused)(deps, caller, known ? { agent } : {}, body));
    return { ...judged, allowed, reasons };
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
