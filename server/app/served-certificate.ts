import type { Server as TlsServer } from "node:tls";
import type { AcmeSettings, OpenAcme } from "../acme/index.ts";
import { NO_CERTIFICATE_YET, readTls, type ServerOptions, type TlsFiles } from "../http/index.ts";
import { issueServerSvid } from "../spiffe/index.ts";
import { followSvid, followTls } from "./follow-certificate.ts";
import type { ServerDeps } from "./server-deps.ts";

/**
 * The files of a certificate; or `spiffe` to serve with an SVID of our own, or an authority that is asked for one by
 * ACME, both renewed by themselves.
 */
export type TlsConfig = TlsFiles | "spiffe" | { readonly acme: AcmeSettings };

/** What ACME needs to know of the place. */
export interface CertificatePlace {
  readonly issuer: URL;
  /** Where its state is kept. */
  readonly folder: string;
  readonly host: string;
}

/** What a server begins to serve with, and how that stays fresh. */
export interface ServedCertificate {
  /** Nothing where it serves without TLS. */
  readonly identity: ServerOptions["tls"];
  /** @returns what ends it */
  follow(server: TlsServer): () => void | Promise<void>;
  /** Where no server came about: nothing stays open. */
  close(): void;
}

export type OpenCertificate = (deps: ServerDeps) => Promise<ServedCertificate>;

/**
 * Looks at what can be wrong with a certificate before anything is opened.
 * @throws Fault `invalid`, `unavailable`; as does what it returns
 */
export async function prepareCertificate(
  tls: TlsConfig | undefined,
  place: CertificatePlace,
): Promise<OpenCertificate> {
  if (tls === "spiffe") return ownSvid;
  if (tls === undefined) return async () => ({ identity: undefined, follow: () => () => {}, close() {} });
  return "acme" in tls ? byAcme(tls.acme, place) : fromFiles(tls);
}

const ownSvid: OpenCertificate = async (deps) => {
  const svid = await issueServerSvid(deps);
  return { identity: svid, follow: (server) => followSvid(svid, deps, server), close() {} };
};

function fromFiles(files: TlsFiles): OpenCertificate {
  const identity = readTls(files);
  return async (deps) => ({
    identity,
    follow: (server) => followTls(files, identity, deps, server),
    close() {},
  });
}

/** Loaded only where an authority is asked. */
async function byAcme(settings: AcmeSettings, place: CertificatePlace): Promise<OpenCertificate> {
  const { prepareAcme } = await import("../acme/index.ts");
  const open: OpenAcme = await prepareAcme(settings, place);
  return async (deps) => ({ identity: NO_CERTIFICATE_YET, ...(await open(deps)) });
}
