import { gcpAudience } from "@countersign/host/machine";
import type { Json } from "@countersign/proof/jcs";
import { z } from "zod";
import { hours } from "../../lib/index.ts";
import { verifyForeignToken } from "./foreign-token.ts";
import { readGcpIdentity } from "./gcp-identity.ts";
import { type ExpectedMachine, type JudgedMachine, sortedSelectors } from "./machine.ts";
import type { TrustOf } from "./machine-trust.ts";
import type { PlatformDeps } from "./platform-deps.ts";
import { refused } from "./refused.ts";

const payload = z.strictObject({ token: z.string().max(8_192) });

/**
 * A machine of Google's cloud. Its token is made for this server and for the key that the machine will hold; but
 * whoever runs on that machine can have one made, so a machine joins once.
 * @throws Fault `unauthenticated` with its reason; `unavailable`
 */
export async function judgeGcp(
  deps: PlatformDeps,
  { trust, revision }: { readonly trust: TrustOf<"gcp">; readonly revision: number },
  attackerPayload: Json,
  { jkt }: ExpectedMachine,
): Promise<JudgedMachine> {
  const said = payload.safeParse(attackerPayload);
  if (!said.success) throw refused("malformed", "Send the identity token of the machine.");
  const { issuer, jwks, jwks_uri } = trust;
  const source = {
    name: "machine gcp",
    revision,
    issuer,
    jwks: jwks as Json | undefined,
    jwks_uri,
    audience: gcpAudience(deps.issuer, jkt),
    algorithms: ["RS256"],
    longest: hours(1),
  };
  const { claims } = await verifyForeignToken(deps, source, said.data.token);
  const machine = readGcpIdentity(claims);
  if (!trust.projects.includes(machine.projectNumber))
    throw refused("wrong-project", "Machines of this project do not join here.");
  if (trust.service_accounts !== undefined && !trust.service_accounts.includes(machine.sub))
    throw refused("wrong-service-account", "Machines with this service account do not join here.");
  return {
    host: `gcp-${machine.projectNumber}-${machine.instanceId}`,
    selectors: sortedSelectors([
      `gcp:project-id:${machine.projectId}`,
      `gcp:project-number:${machine.projectNumber}`,
      `gcp:zone:${machine.zone}`,
      `gcp:instance-id:${machine.instanceId}`,
      `gcp:instance-name:${machine.instanceName}`,
      `gcp:sa:${machine.sub}`,
    ]),
    once: `gcp:${machine.projectNumber}:${machine.instanceId}`,
    evidence: { type: "gcp", claims },
  };
}
