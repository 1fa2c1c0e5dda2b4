import { X509Certificate } from "node:crypto";
import { type Certificate, readCertificate } from "@countersign/proof/x509";
import { z } from "zod";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** Certificates in PEM, one after another. @throws Error for what is none */
export function readPem(text: string): X509Certificate[] {
  const blocks = text.match(CERTIFICATE) ?? [];
  if (blocks.length === 0 || text.replaceAll(CERTIFICATE, "").trim() !== "")
    throw new Error("this is no list of certificates in PEM");
  return blocks.map((block) => new X509Certificate(block));
}

/** Authorities by which chains are judged, read as strictly as whatever they sign. */
export const authoritiesIn = (text: string): Certificate[] =>
  readPem(text).map(({ raw }) => readCertificate(raw));

const sound =
  (read: (text: string) => readonly unknown[]) =>
  (text: string): boolean => {
    try {
      return read(text).length <= 50;
    } catch {
      return false;
    }
  };

/** Authorities' certificates as an administrator gives them: trust anchors are data, never part of the program. */
export const authorities = z
  .string()
  .max(200_000)
  .refine(sound(requireAuthorities), "These are no certificates of authorities in PEM, 50 at most.");

/** Certificates whose very key signs documents. RSA, 2048 bits at least. */
export const signers = z
  .string()
  .max(200_000)
  .refine(sound(requireSigners), "These are no certificates in PEM with RSA keys of 2048 bits or more.");

function requireAuthorities(text: string): Certificate[] {
  const certificates = authoritiesIn(text);
  if (certificates.every(({ authority }) => authority)) return certificates;
  throw new Error("one of these is no authority's");
}

function requireSigners(text: string): X509Certificate[] {
  const certificates = readPem(text);
  const strong = certificates.every(({ publicKey: { asymmetricKeyType, asymmetricKeyDetails } }) => {
    const { modulusLength = 0 } = asymmetricKeyDetails ?? {};
    return asymmetricKeyType === "rsa" && modulusLength >= 2048 && modulusLength <= 4096;
  });
  if (strong) return certificates;
  throw new Error("one of these has another key");
}
