import { sha256Base64url } from "@countersign/proof/digest";
import { readCertificate } from "@countersign/proof/x509";
import { z } from "zod";
import { route } from "../http/index.ts";
import type { KeyState } from "../keys/index.ts";
import { type AuthorityRecord, bundleDocument, REFRESH_HINT } from "./authority.ts";
import { publishedBundle } from "./own-bundle.ts";
import type { AuthorityDeps } from "./spiffe-deps.ts";

const authority = route<AuthorityDeps>();

export const ownTrustBundle = authority({
  summary: "Our own trust domain's bundle, as SPIFFE writes it: by whom SVIDs of ours are signed.",
  answers: { 200: z.record(z.string(), z.unknown()), 304: "It is the one that you have." },
  async handle(deps, _caller, { request }) {
    const bundle = await publishedBundle(deps);
    const etag = `"${bundle.sequence}"`;
    const headers = { etag, "cache-control": `public, max-age=${REFRESH_HINT}` };
    if (request.headers["if-none-match"] === etag) return { status: 304, headers };
    return {
      status: 200,
      headers,
      contentType: "application/json; charset=utf-8",
      body: JSON.stringify(bundleDocument(bundle)),
    };
  },
});

const keyAnswer = z.object({
  kid: z.string(),
  purpose: z.enum(["x509-authority", "jwt-svid"]),
  state: z.enum(["prepared", "active", "retired", "dead"]),
  created: z.int(),
  activates: z.int(),
  held: z.boolean().describe("Whether the private key is in a PKCS #11 module and nowhere else."),
  certificate: z
    .object({
      subject: z.string(),
      issuer: z.string(),
      serial: z.string(),
      sha256: z.string().describe("Base64url."),
      expires: z.int(),
    })
    .optional(),
});

export const authorityShow = authority({
  summary: "Shows our own authority: its keys with their states and certificates, and its bundle's sequence.",
  answers: {
    200: z.object({
      trust_domain: z.string(),
      sequence: z.int(),
      updated: z.int(),
      keys: z.array(keyAnswer),
    }),
  },
  async handle(deps) {
    const { sequence, updated } = await publishedBundle(deps);
    const records = await deps.authority.records(deps);
    return {
      status: 200,
      body: { trust_domain: deps.trustDomain, sequence, updated, keys: keysShown(deps, records) },
    };
  },
});

function keysShown(
  { keys }: AuthorityDeps,
  records: ReadonlyMap<string, AuthorityRecord>,
): z.output<typeof keyAnswer>[] {
  const held = new Set(keys.heldKeys());
  return keys.summary().flatMap(({ kid, purpose, state, created, activates }) => {
    const record = records.get(kid);
    if (record === undefined || (purpose !== "x509-authority" && purpose !== "jwt-svid")) return [];
    return [shown({ kid, purpose, state, created, activates, held: held.has(kid) }, record)];
  });
}

interface KeyShown {
  readonly kid: string;
  readonly purpose: "x509-authority" | "jwt-svid";
  readonly state: KeyState;
  readonly created: number;
  readonly activates: number;
  readonly held: boolean;
}

function shown(key: KeyShown, { certificate }: AuthorityRecord): z.output<typeof keyAnswer> {
  if (certificate === undefined) return key;
  const { x509, notAfter: expires } = readCertificate(certificate);
  const [subject, issuer] = [x509.subject, x509.issuer].map((name) => name.replaceAll("\n", ", "));
  return {
    ...key,
    certificate: {
      subject: subject ?? "",
      issuer: issuer ?? "",
      serial: x509.serialNumber.toLowerCase(),
      sha256: sha256Base64url(certificate),
      expires,
    },
  };
}
