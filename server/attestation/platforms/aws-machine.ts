import { verify, type X509Certificate } from "node:crypto";
import { isJsonObject, type Json, type JsonObject, parseStrict } from "@countersign/proof/jcs";
import { z } from "zod";
import { seconds } from "../../lib/index.ts";
import { readPem } from "./anchors.ts";
import { type ExpectedMachine, type JudgedMachine, sortedSelectors } from "./machine.ts";
import type { TrustOf } from "./machine-trust.ts";
import { orRefused, refused } from "./refused.ts";
import { readSignedData } from "./signed-data.ts";

const SKEW = seconds(30);

const payload = z.union([
  z.strictObject({ rsa2048: z.string().max(32_768) }),
  z.strictObject({ document: z.string().max(16_384), signature: z.string().max(2_048) }),
]);

/** What an instance identity document says, as far as anything rests on it. */
const identity = z.object({
  accountId: z.string().regex(/^[0-9]{12}$/),
  region: z.string().regex(/^[a-z0-9-]{1,40}$/),
  availabilityZone: z.string().regex(/^[a-z0-9-]{1,40}$/),
  instanceId: z.string().regex(/^i-[0-9a-f]{8,32}$/),
  imageId: z.string().regex(/^ami-[0-9a-f]{8,32}$/),
  instanceType: z.string().regex(/^[a-z0-9.-]{1,40}$/),
  pendingTime: z.string().regex(/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/),
});

/**
 * A machine of Amazon's cloud, by its instance identity document. The document binds no key, names no audience and
 * never ends: so it is taken soon after the machine was started, and once.
 * @throws Fault `unauthenticated` with its reason
 */
export function judgeAws(
  trust: TrustOf<"aws">,
  attackerPayload: Json,
  { now }: ExpectedMachine,
): JudgedMachine {
  const { attackerDocument, isSignedBy } = read(attackerPayload);
  const document = orRefused("malformed", "The document cannot be read.", () => objectIn(attackerDocument));
  const said = identity.safeParse(document);
  if (!said.success)
    throw refused("malformed", "The document does not say what an instance identity document says.");
  const { accountId, region, instanceId, ...more } = said.data;
  const signers = Object.hasOwn(trust.regions, region) ? trust.regions[region] : undefined;
  if (signers === undefined) throw refused("wrong-region", "Machines of this region do not join here.");
  requireSigned(readPem(signers), isSignedBy, now);
  if (!trust.accounts.includes(accountId))
    throw refused("wrong-account", "Machines of this account do not join here.");
  requireYoung(more.pendingTime, trust.longest_age, now);
  return {
    host: `aws-${accountId}-${region}-${instanceId}`,
    selectors: sortedSelectors([
      `aws:account_id:${accountId}`,
      `aws:region:${region}`,
      `aws:az:${more.availabilityZone}`,
      `aws:image:id:${more.imageId}`,
      `aws:instance:id:${instanceId}`,
      `aws:instance:type:${more.instanceType}`,
    ]),
    once: `aws:${accountId}:${region}:${instanceId}`,
    evidence: { type: "aws", document },
  };
}

interface Offered {
  readonly attackerDocument: Uint8Array;
  readonly isSignedBy: (certificate: X509Certificate) => boolean;
}

function read(attackerPayload: Json): Offered {
  const said = payload.safeParse(attackerPayload);
  if (!said.success) throw refused("malformed", "Send rsa2048, or the document with its signature.");
  if ("rsa2048" in said.data) {
    const { content, isSignedBy } = readSignedData(said.data.rsa2048);
    return { attackerDocument: content, isSignedBy: ({ publicKey }) => isSignedBy(publicKey) };
  }
  const attackerDocument = Buffer.from(said.data.document);
  const signature = Buffer.from(said.data.signature, "base64");
  return {
    attackerDocument,
    isSignedBy: ({ publicKey }) => verify("sha256", attackerDocument, publicKey, signature),
  };
}

function objectIn(attackerDocument: Uint8Array): JsonObject {
  const value = parseStrict(attackerDocument);
  if (isJsonObject(value)) return value;
  throw new Error("this is no object");
}

function requireSigned(
  signers: readonly X509Certificate[],
  isSignedBy: Offered["isSignedBy"],
  now: number,
): void {
  const timely = signers.filter(
    ({ validFrom, validTo }) => Date.parse(validFrom) <= now && now <= Date.parse(validTo),
  );
  if (timely.some(isSignedBy)) return;
  throw refused("bad-signature", "Nobody who signs in this region has signed the document.");
}

function requireYoung(pendingTime: string, longestSeconds: number, now: number): void {
  const started = Date.parse(pendingTime);
  if (started > now + SKEW) throw refused("not-yet-valid", "The machine is of the future.");
  if (started >= now - seconds(longestSeconds)) return;
  throw refused("too-old", "The machine was started too long ago to join by this document.", {
    remedy: "Stop and start it, or have it join by another kind of evidence.",
  });
}
