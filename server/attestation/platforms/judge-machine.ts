import type { Json } from "@countersign/proof/jcs";
import { findMachineTrust } from "./find-machine-trust.ts";
import { judgeGcp } from "./gcp-machine.ts";
import { judgeK8s } from "./k8s-machine.ts";
import type { ExpectedMachine, JudgedMachine } from "./machine.ts";
import type { MachineTrust, MachineType } from "./machine-trust.ts";
import type { PlatformDeps } from "./platform-deps.ts";
import { refused } from "./refused.ts";
import { judgeX509Pop } from "./x509pop.ts";

/**
 * Those who read signed envelopes. These bring a library of every structure that there is in them: loaded when
 * the first is shown, so that a server starts without it.
 */
const envelopes = {
  aws: () => import("./aws-machine.ts"),
  azure: () => import("./azure-machine.ts"),
};

/** What a machine shows. */
export interface OfferedMachine {
  readonly type: MachineType;
  readonly attackerPayload: Json;
}

/**
 * Judges what a machine shows of its surroundings, by what an administrator has said about whose word counts.
 * Records nothing: whoever lets the machine in does, and sees to `once`.
 * @returns as the evidence shows it, and the revision of what was said, by which it was judged
 * @throws Fault `unauthenticated` with the member `reason`; `unavailable` when whoever must be asked is away
 */
export async function judgeMachine(
  deps: PlatformDeps,
  { type, attackerPayload }: OfferedMachine,
  expected: ExpectedMachine,
): Promise<JudgedMachine & { readonly trust: number }> {
  const known = await findMachineTrust(deps, type);
  if (known === undefined) throw notConfigured();
  return { ...(await judgedBy(deps, known, attackerPayload, expected)), trust: known.revision };
}

async function judgedBy(
  deps: PlatformDeps,
  { trust, revision }: { readonly trust: MachineTrust; readonly revision: number },
  attackerPayload: Json,
  expected: ExpectedMachine,
): Promise<JudgedMachine> {
  switch (trust.type) {
    case "x509pop":
      return judgeX509Pop(trust, attackerPayload, { ...expected, issuer: deps.issuer });
    case "k8s":
      return judgeK8s(deps, { trust, revision }, attackerPayload);
    case "aws":
      return (await envelopes.aws()).judgeAws(trust, attackerPayload, expected);
    case "gcp":
      return judgeGcp(deps, { trust, revision }, attackerPayload, expected);
    case "azure":
      return (await envelopes.azure()).judgeAzure(trust, attackerPayload, expected);
  }
}

const notConfigured = () =>
  refused("not-configured", "No machine joins here by this kind of evidence.", {
    remedy: "Have an administrator say whose word is taken for machines.",
  });
