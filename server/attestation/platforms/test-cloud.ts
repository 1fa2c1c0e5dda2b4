/** For tests only: documents of clouds in the form in which they are published, signed by an authority of ours. */
import { execFileSync } from "node:child_process";
import { createSign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Certified, certify, type Wanted } from "../../../proof/svid/test-authority.ts";

const RSA = {
  name: "RSASSA-PKCS1-v1_5",
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: "SHA-256",
};

/** Somebody with an RSA key, as clouds sign with. */
export const rsaSigner = (by: Certified | undefined, wanted: Wanted = {}, bits = 2048): Promise<Certified> =>
  certify(by, { ...wanted, algorithm: { ...RSA, modulusLength: bits } as never });

interface Envelope {
  /** Whether the signer's certificate is in it. */
  readonly certificates?: boolean;
  /** Without signed attributes. */
  readonly bare?: boolean;
  readonly digest?: string;
  readonly more?: readonly Certified[];
}

/** PKCS #7 by OpenSSL, in BER of indefinite length as clouds write it; base64. */
export function envelopeOf(content: string, signer: Certified, how: Envelope = {}): string {
  const { certificates = false, bare = false, digest = "sha256", more = [] } = how;
  const folder = mkdtempSync(join(tmpdir(), "countersign-test-"));
  const file = (name: string): string => join(folder, name);
  try {
    writeFileSync(file("content"), content);
    writeFileSync(file("signer.pem"), signer.pem);
    writeFileSync(file("more.pem"), more.map(({ pem }) => pem).join(""));
    writeFileSync(file("key.pem"), signer.key.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    const options = [
      ...(certificates ? [] : ["-nocerts"]),
      ...(bare ? ["-noattr"] : []),
      ...(more.length === 0 ? [] : ["-certfile", file("more.pem")]),
    ];
    const files = [
      "-in",
      file("content"),
      "-signer",
      file("signer.pem"),
      "-inkey",
      file("key.pem"),
      "-out",
      file("out"),
    ];
    execFileSync(
      "openssl",
      [
        "cms",
        "-sign",
        "-binary",
        "-nodetach",
        "-stream",
        "-outform",
        "DER",
        "-md",
        digest,
        ...options,
        ...files,
      ],
      { stdio: "pipe" },
    );
    return readFileSync(file("out")).toString("base64");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The other form that Amazon offers: the document as it is, and a signature over its bytes. */
export const signatureOf = (content: string, { key }: Certified): string =>
  createSign("sha256").update(content).sign(key, "base64");

/** An instance identity document, as it is published. */
export const instanceIdentity = (more: object = {}): string =>
  JSON.stringify(
    {
      accountId: "123456789012",
      architecture: "x86_64",
      availabilityZone: "eu-central-1b",
      billingProducts: null,
      devpayProductCodes: null,
      marketplaceProductCodes: null,
      imageId: "ami-5fb8c835a1b2c3d4e",
      instanceId: "i-1234567890abcdef0",
      instanceType: "m7i.large",
      kernelId: null,
      pendingTime: "2025-12-31T23:50:00Z",
      privateIp: "10.158.112.84",
      ramdiskId: null,
      region: "eu-central-1",
      version: "2017-09-30",
      ...more,
    },
    undefined,
    2,
  );

/** An attested document's content, as it is published. */
export const attestedDocument = (nonce: string, more: object = {}): string =>
  JSON.stringify({
    licenseType: "",
    nonce,
    plan: { name: "", product: "", publisher: "" },
    sku: "22_04-lts-gen2",
    subscriptionId: "8d10da13-8125-4ba9-a717-bf7490507b3d",
    timeStamp: { createdOn: "12/31/25 23:59:00 -0000", expiresOn: "01/01/26 05:59:00 -0000" },
    vmId: "02aab8a4-74ef-476e-8182-f6d2ba4166a6",
    ...more,
  });
