import { createHash } from "node:crypto";
import { preAuthEncoding, readEnvelope } from "@countersign/proof/dsse";
import { isJsonObject, type Json, type JsonObject } from "@countersign/proof/jcs";
import { BOM_PREDICATE, type ModelOrigin, readModelOrigin } from "@countersign/proof/ml-bom";
import { isAbout, readStatement, STATEMENT_PAYLOAD, type Statement } from "@countersign/proof/statement";
import { type VerificationCode, VerificationError } from "@countersign/proof/verification-error";
import { z } from "zod";
import { append, perform } from "../../audit/index.ts";
import type { Caller } from "../../lib/index.ts";
import { accepted, requireAdministrator } from "../../registry/index.ts";
import { type BroughtSignature, readBroughtSignature } from "../artifacts/brought-signature.ts";
import { findSigners } from "../artifacts/find-signers.ts";
import { notAsDeclared } from "../artifacts/refused.ts";
import { SignatureRefused } from "../artifacts/signature-refused.ts";
import { type Found, signersWho } from "../artifacts/signers-who.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { modelOriginDeclared } from "./events-models.ts";
import { versionOrRefuse } from "./find-version.ts";
import { type DeclaredOrigin, digestOf, type ModelVersion } from "./model.ts";
import type { ModelReason } from "./reason.ts";
import { originsOf, putOrigin } from "./store-models.ts";

/** A signed bill of materials, and for which version it is. */
export const originDeclaration = z.strictObject({
  root: z.string().describe("The version's root digest, 64 hexadecimal digits."),
  document: z
    .record(z.string(), z.json())
    .describe("A DSSE envelope, or a Sigstore bundle with one, whose statement holds a CycloneDX document."),
});
export type OriginDeclaration = z.input<typeof originDeclaration>;

/**
 * Takes in where a registered set of weights comes from, as a signer of the purpose `bom` declares. That it was
 * declared and signed is known from then on; that it is true is not.
 * @throws Fault `forbidden` whose member `reason` says what does not hold; `not-found`; `invalid`
 */
export function declareOrigin(
  deps: AttestationDeps,
  caller: Caller,
  { name, declaration }: { readonly name: string; readonly declaration: OriginDeclaration },
): Promise<DeclaredOrigin> {
  return perform(deps, caller, "model.declare-origin", async (change) => {
    requireAdministrator(caller);
    const { root, document } = accepted("bill of materials", originDeclaration, declaration);
    const version = await versionOrRefuse(deps, name, root);
    const { found, signed, origin } = await verifiedOrRefuse(deps, document as JsonObject, version);
    const { id: signer, fingerprint } = found.signer;
    const [before] = await originsOf(deps.database, [version.id]);
    const after: DeclaredOrigin = {
      ...{ model: version.id, signer, fingerprint, signed, origin, brought: deps.clock.now() },
      ...(found.expires === undefined ? {} : { expires: found.expires }),
    };
    if (before?.signed === signed && before.fingerprint === fingerprint) return before;
    putOrigin(change, before, after);
    append(change, modelOriginDeclared(deps, caller, {}, factsOf(version, after, found)));
    return after;
  });
}

interface Verified {
  readonly found: Found;
  readonly signed: string;
  readonly origin: ModelOrigin;
}

async function verifiedOrRefuse(
  deps: AttestationDeps,
  attackerDocument: JsonObject,
  version: ModelVersion,
): Promise<Verified> {
  try {
    return await verified(deps, attackerDocument, version);
  } catch (error) {
    if (error instanceof SignatureRefused) throw refusal("bom-untrusted", error.reason, version);
    if (!(error instanceof VerificationError)) throw error;
    throw refusal(REASONS[error.code] ?? "bom-unreadable", error.message, version);
  }
}

/** Whose it is first, then what it says, and only then whether that is about this model. */
async function verified(
  deps: AttestationDeps,
  document: JsonObject,
  version: ModelVersion,
): Promise<Verified> {
  const brought = readDocument(document);
  if (brought.content.kind !== "statement") throw new VerificationError("malformed", "there is no statement");
  const { envelope } = brought.content;
  const bytes = preAuthEncoding(envelope);
  const signers = await findSigners(deps, "bom");
  const [found] = await signersWho(brought, signers, bytes, deps.clock.now());
  if (found === undefined) throw new SignatureRefused("signature-untrusted");
  if (envelope.payloadType !== STATEMENT_PAYLOAD)
    throw new VerificationError("wrong-typ", "it is no statement");
  const origin = readModelOrigin(bomIn(readStatement(envelope.payload), version), version);
  return { found, signed: createHash("sha256").update(bytes).digest("hex"), origin };
}

const readDocument = (attackerDocument: JsonObject): BroughtSignature =>
  "mediaType" in attackerDocument
    ? readBroughtSignature(attackerDocument)
    : { material: { kind: "key" }, content: { kind: "statement", envelope: readEnvelope(attackerDocument) } };

function bomIn(statement: Statement, { root }: ModelVersion): Json {
  if (statement.predicateType !== BOM_PREDICATE)
    throw new VerificationError("wrong-typ", "the statement holds no CycloneDX document");
  if (!isAbout(statement, root))
    throw new VerificationError("wrong-subject", "the statement is about other weights");
  if (!isJsonObject(statement.predicate)) throw new VerificationError("malformed", "there is no document");
  return statement.predicate;
}

const REASONS: Readonly<Partial<Record<VerificationCode, ModelReason>>> = {
  "wrong-subject": "bom-other-model",
  "missing-claim": "bom-incomplete",
};

const REMEDIES: Readonly<Partial<Record<ModelReason, string>>> = {
  "bom-untrusted": "Have it signed by a signer of the purpose `bom`.",
  "bom-other-model":
    "Bring the document of exactly this model: its component has the root digest as SHA-256.",
  "bom-incomplete": "Name each data set as a component of type data, with a strong hash and an owner.",
};

const refusal = (reason: ModelReason, why: string, { root }: ModelVersion) =>
  notAsDeclared(
    reason,
    `The bill of materials is not taken: ${why}.`,
    REMEDIES[reason] ?? "Bring a CycloneDX document of version 1.6 or 1.7 in a signed statement.",
    digestOf({ root }),
  );

const factsOf = (
  { id, name, root }: ModelVersion,
  { signed, origin }: DeclaredOrigin,
  { signer }: Found,
) => ({
  ...{ id, name, root, signer: signer.name, signed },
  datasets: origin.datasets.flatMap(({ digests }) => digests.slice(0, 1)),
});
