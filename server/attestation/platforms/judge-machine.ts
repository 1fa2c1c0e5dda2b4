import type { Json } from "@countersign/proof/jcs";
import { findMachineTrust } from "./find-machine-trust.ts";
import type { ExpectedMachine, JudgedMachine } from "./machine.ts";
import type { MachineType } from "./machine-trust.ts";
import type { PlatformDeps } from "./platform-deps.ts";
import { refused } from "./refused.ts";
import { judgeX509Pop } from "./x509pop.ts";

/** What a machine shows. */
export interface OfferedMachine {
  readonly type: MachineType;
  readonly attackerPayload: Json;
}

/**
 * Judges what a machine shows of its surroundings, by what an administrator has said about whose word counts.
 * Records nothing: whoever lets the machine in does, and sees to `once`.
 * @throws Fault `unauthenticated` with the member `reason`; `unavailable` when whoever must be asked is away
 */
export async function judgeMachine(
  deps: PlatformDeps,
  { type, attackerPayload }: OfferedMachine,
  expected: ExpectedMachine,
): Promise<JudgedMachine> {
  const { trust } = (await findMachineTrust(deps, type)) ?? {};
  const here = { ...expected, issuer: deps.issuer };
  switch (trust?.type) {
    case "x509pop":
      return judgeX509Pop(trust, attackerPayload, here);
    default:
      throw refused("not-configured", "No machine joins here by this kind of evidence.", {
        remedy: "Have an administrator say whose word is taken for machines.",
      });
  }
}
