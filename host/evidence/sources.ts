import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Json } from "@countersign/proof/jcs";
import { azureNonce, gcpAudience } from "../machine/bound.ts";
import { provePossession } from "../machine/possession.ts";
import type { EvidenceSource } from "../upstream/join.ts";
import { metadata } from "./metadata.ts";

/** By a token of an administrator's: it works once and soon. */
export const byJoinToken =
  (token: string): EvidenceSource =>
  async () => ({ type: "join_token", payload: { token } });

/**
 * By a certificate of the company's own, and its key.
 * @param files PEM: the certificates, the machine's own first, and the private key. Read anew for each attempt.
 */
export const byCertificate =
  (files: { readonly certificates: string; readonly key: string }): EvidenceSource =>
  async ({ issuer, jkt, challenge }) => {
    const nonce = await challenge();
    const key = createPrivateKey(readFileSync(files.key));
    const shown = provePossession(chainIn(readFileSync(files.certificates, "utf8")), key, {
      issuer,
      nonce,
      jkt,
    });
    return { type: "x509pop", payload: shown as unknown as Json, nonce };
  };

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;
const chainIn = (pem: string): Uint8Array[] =>
  [...pem.matchAll(CERTIFICATE)].map(([certificate]) => new X509Certificate(certificate).raw);

/**
 * By the token that Kubernetes projects for the pod in which the host runs, with our audience.
 * @param file read anew for each attempt: the kubelet replaces it
 */
export const byKubernetes =
  (cluster: string, file: string): EvidenceSource =>
  async () => ({ type: "k8s", payload: { cluster, token: readFileSync(file, "utf8").trim() } });

/** By Amazon's instance identity document, over the second version of its metadata service. */
export const byAws =
  (base = "http://169.254.169.254"): EvidenceSource =>
  async () => {
    const session = await metadata(`${base}/latest/api/token`, {
      method: "PUT",
      headers: { "x-aws-ec2-metadata-token-ttl-seconds": "60" },
    });
    const headers = { "x-aws-ec2-metadata-token": session };
    const rsa2048 = await metadata(`${base}/latest/dynamic/instance-identity/rsa2048`, { headers });
    return { type: "aws", payload: { rsa2048 } };
  };

/** By the identity token of a machine in Google's cloud, made for this control plane and this key. */
export const byGcp =
  (base = "http://metadata.google.internal"): EvidenceSource =>
  async ({ issuer, jkt }) => {
    const audience = encodeURIComponent(gcpAudience(issuer, jkt));
    const path = "/computeMetadata/v1/instance/service-accounts/default/identity";
    const url = `${base}${path}?audience=${audience}&format=full`;
    return {
      type: "gcp",
      payload: { token: await metadata(url, { headers: { "metadata-flavor": "Google" } }) },
    };
  };

/** By the document that Azure's metadata service signs, with a nonce that binds it to this attempt and this key. */
export const byAzure =
  (base = "http://169.254.169.254"): EvidenceSource =>
  async ({ jkt, challenge }) => {
    const nonce = await challenge();
    const query = `api-version=2020-09-01&nonce=${azureNonce(nonce, jkt)}`;
    const text = await metadata(`${base}/metadata/attested/document?${query}`, {
      headers: { metadata: "true" },
    });
    const { signature } = JSON.parse(text) as { signature?: unknown };
    return { type: "azure", payload: { encoding: "pkcs7", signature: String(signature) }, nonce };
  };
