import { azureNonce } from "@countersign/host/machine";
import { isJsonObject, type Json, type JsonObject, parseStrict } from "@countersign/proof/jcs";
import { type Certificate, readCertificate, validatePath } from "@countersign/proof/x509";
import { z } from "zod";
import { seconds } from "../../lib/index.ts";
import { authoritiesIn } from "./anchors.ts";
import { type ExpectedMachine, type JudgedMachine, sortedSelectors } from "./machine.ts";
import type { TrustOf } from "./machine-trust.ts";
import { orRefused, refused } from "./refused.ts";
import { readSignedData, type SignedDocument } from "./signed-data.ts";

const SKEW = seconds(30);

const payload = z.strictObject({
  encoding: z.literal("pkcs7").optional(),
  signature: z.string().max(32_768),
});

const uuid = z
  .string()
  .toLowerCase()
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const moment = z.string().regex(/^[0-9]{2}\/[0-9]{2}\/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} [+-]0000$/);

/** What an attested document says, as far as anything rests on it. */
const attested = z.object({
  nonce: z.string().max(64),
  vmId: uuid,
  subscriptionId: uuid,
  timeStamp: z.object({ createdOn: moment, expiresOn: moment }),
});

/**
 * A machine of Azure, by the document that its metadata service signs. Its nonce is made of what we handed out and
 * of the key that the machine will hold; whoever runs on that machine can have one made, so it joins once.
 * @throws Fault `unauthenticated` with its reason
 */
export function judgeAzure(
  trust: TrustOf<"azure">,
  attackerPayload: Json,
  expected: ExpectedMachine,
): JudgedMachine {
  const said = payload.safeParse(attackerPayload);
  if (!said.success)
    throw refused("malformed", "Send the attested document as the metadata service gives it.");
  const envelope = readSignedData(said.data.signature);
  requireSigner(trust, envelope, expected.now);
  const document = orRefused("malformed", "The document cannot be read.", () => objectIn(envelope.content));
  const read = attested.safeParse(document);
  if (!read.success) throw refused("malformed", "The document does not say what an attested document says.");
  const { vmId, subscriptionId, nonce, timeStamp } = read.data;
  requireTimely(timeStamp, expected.now);
  requireAnswer(nonce, instantOf(timeStamp.createdOn), expected);
  if (!trust.subscriptions.includes(subscriptionId))
    throw refused("wrong-subscription", "Machines of this subscription do not join here.");
  return {
    host: `azure-${vmId}`,
    selectors: sortedSelectors([`azure:subscription-id:${subscriptionId}`, `azure:vm-id:${vmId}`]),
    once: `azure:${vmId}`,
    evidence: { type: "azure", document },
  };
}

function objectIn(attackerDocument: Uint8Array): JsonObject {
  const value = parseStrict(attackerDocument);
  if (isJsonObject(value)) return value;
  throw new Error("this is no object");
}

/** Whoever has signed must be certified, through those we know, under a name that is the metadata service's. */
function requireSigner(
  trust: TrustOf<"azure">,
  { certificates, isSignedBy }: SignedDocument,
  now: number,
): void {
  const read = orRefused("malformed", "A certificate cannot be read.", () =>
    certificates.map(readCertificate),
  );
  const signer = read.find(({ key }) => isSignedBy(key));
  if (signer === undefined)
    throw refused("bad-signature", "None of the certificates in it belongs to who has signed the document.");
  orRefused("untrusted-chain", "Nobody who is trusted for this has certified the signer.", () => {
    if (signer.authority) throw new Error("an authority signs no documents");
    const authorities = authoritiesIn(trust.roots);
    const others = read.filter((each) => each !== signer);
    validatePath(signer, others, authorities, now);
  });
  if (namesOf(signer).some((name) => isNamed(name, trust.names))) return;
  throw refused("wrong-signer", "The signer is certified, but for somebody else.");
}

const isNamed = (name: string, names: readonly string[]): boolean =>
  names.some((each) => name === each || name.endsWith(`.${each}`));

/** The names beside the subject; where there are none, the one in it. @see RFC 9525 §2 */
function namesOf({ dnsNames, x509 }: Certificate): string[] {
  if (dnsNames.length > 0) return dnsNames.map((name) => name.toLowerCase());
  const names = x509.subject.split("\n").filter((line) => line.startsWith("CN="));
  return names.length === 1 ? names.map((line) => line.slice(3).toLowerCase()) : [];
}

function requireTimely(
  { createdOn, expiresOn }: { createdOn: string; expiresOn: string },
  now: number,
): void {
  if (instantOf(expiresOn) <= now)
    throw refused("expired", "The document has expired.", { remedy: "Fetch a new one." });
  if (instantOf(createdOn) > now + SKEW) throw refused("not-yet-valid", "The document is of the future.");
}

/** `11/28/18 00:16:17 -0000`, as the metadata service writes it. */
function instantOf(text: string): number {
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = text.split(/[/ :]/).map(Number);
  return Date.UTC(2000 + year, month - 1, day, hour, minute, second);
}

/**
 * Ten digits are soon met by a key that is looked for: so the document must also have been made after the challenge
 * was, and none is worth anything that was found.
 */
function requireAnswer(
  attackerNonce: string,
  created: number,
  { nonce, challenged, jkt }: ExpectedMachine,
): void {
  if (nonce === undefined || challenged === undefined)
    throw refused("no-challenge", "No challenge was handed out for this attempt.");
  if (created < challenged - SKEW)
    throw refused("too-old", "The document is older than the challenge.", { remedy: "Fetch a new one." });
  if (attackerNonce === azureNonce(nonce, jkt)) return;
  throw refused("wrong-nonce", "The document was made for another attempt, or for another key.", {
    remedy: "Ask the metadata service with the nonce that belongs to this attempt and key.",
  });
}
