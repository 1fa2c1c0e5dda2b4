import { createSecretKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { decodeBase64url } from "@countersign/proof/digest";
import { isDnsName } from "@countersign/proof/x509";
import type { OutboundOptions } from "../http/index.ts";
import { readPrivateFile } from "../keys/index.ts";
import { Fault } from "../lib/index.ts";

/** What the operator says of the authority that certifies the issuer's host. */
export interface AcmeSettings {
  /** Its directory; Let's Encrypt's where nothing is said. */
  readonly directory?: string;
  /** Where it may write to. */
  readonly email?: string;
  /** Whether the operator agrees to its terms. */
  readonly agreed: boolean;
  /** By which an account there is known to it already: its name, and a file with the key in base64url. */
  readonly eab?: { readonly kid: string; readonly keyFile: string };
  /** The file of the certificates under which the directory itself is trusted, in place of the usual ones; PEM. */
  readonly ca?: string;
  /** Where HTTP-01 is answered. Where nothing is said, TLS-ALPN-01 is answered where everything is served. */
  readonly httpPort?: number;
}

export type ChallengeType = "tls-alpn-01" | "http-01";

/** Who is asked for a certificate of which name, and how that name is proven. */
export interface Asking {
  readonly directory: URL;
  readonly name: string;
  readonly email: string | undefined;
  readonly eab: { readonly kid: string; readonly key: KeyObject } | undefined;
  readonly outbound: OutboundOptions;
  /** Whether the operator has named the directory: then it may stand in a private network. */
  readonly registered: boolean;
  readonly challenge: ChallengeType;
}

export const LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory";

/** The shortest key of an HMAC that is worth its name. */
const SHORTEST_KEY = 16;

/** @throws Fault `invalid` for settings that make no sense; `unavailable` for files that cannot be read */
export function readSettings(settings: AcmeSettings, issuer: URL): Asking {
  const { directory = LETS_ENCRYPT, email, eab, ca, httpPort } = settings;
  return {
    directory: readDirectoryUrl(directory),
    name: nameOf(issuer),
    email: email === undefined ? undefined : readEmail(email),
    eab: eab === undefined ? undefined : { kid: eab.kid, key: readEabKey(eab.keyFile) },
    outbound: { local: false, ...(ca === undefined ? {} : { ca: readCa(ca) }) },
    registered: settings.directory !== undefined,
    challenge: httpPort === undefined ? "tls-alpn-01" : "http-01",
  };
}

function readDirectoryUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" && url.username === "" && url.password === "" && url.hash === "") return url;
  throw new Fault("invalid", "The authority's directory is not an https URL.", {
    remedy: `Such as --acme-directory ${LETS_ENCRYPT}`,
  });
}

/** The issuer's host, where a public authority can certify it. */
function nameOf({ protocol, hostname }: URL): string {
  const isName = isDnsName(hostname) && /[a-z]/.test(hostname.split(".").at(-1) ?? "");
  const isHere = hostname === "localhost" || hostname.endsWith(".localhost");
  if (protocol === "https:" && isName && !isHere) return hostname;
  throw new Fault(
    "invalid",
    `ACME certifies DNS names that are reached over https, and ${protocol}//${hostname} is none.`,
    {
      remedy:
        "Give an https address with a DNS name with --issuer, such as https://countersign.example.com; or --tls-cert and --tls-key.",
    },
  );
}

function readEmail(text: string): string {
  if (/^[^\s@,?%"<>]{1,64}@[^\s@,?%"<>]{1,190}$/.test(text)) return text;
  throw new Fault("invalid", "The address for the authority is no e-mail address.", {
    remedy: "Such as --acme-email operations@example.com",
  });
}

function readEabKey(file: string): KeyObject {
  const text = readPrivateFile(file)?.trim() ?? "";
  const bytes = readBase64url(text.replace(/=+$/, ""));
  if (bytes !== undefined && bytes.length >= SHORTEST_KEY) return createSecretKey(bytes);
  throw new Fault("invalid", "The file of --acme-eab-key-file holds no key.", {
    remedy: "Put the key that the authority gave you into it, as it is: base64url, and nothing else.",
  });
}

/** Without a reason: what a parser complains about may be the key itself. */
function readBase64url(text: string): Uint8Array | undefined {
  try {
    return decodeBase64url(text);
  } catch {
    return undefined;
  }
}

function readCa(file: string): string {
  try {
    const text = readFileSync(file, "utf8");
    if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
    throw new Error("no certificate is in it");
  } catch (cause) {
    throw new Fault("unavailable", "The certificates of --acme-ca cannot be used.", {
      remedy: "Give a PEM file that this user may read.",
      cause,
    });
  }
}
