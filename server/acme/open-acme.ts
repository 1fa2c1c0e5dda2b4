import type { Server } from "node:tls";
import type { DatabaseDeps } from "../database/index.ts";
import { untilStopped } from "./acme-deps.ts";
import { requireAgreement } from "./agreement.ts";
import { HttpAnswer } from "./answer-http.ts";
import { TlsAlpnAnswer } from "./answer-tls-alpn.ts";
import { CertificateRenewal, LOOK_EVERY } from "./renewal.ts";
import { type AcmeSettings, readSettings } from "./settings.ts";
import { StateFolder } from "./state-folder.ts";

/** Where it keeps its state, and where the server listens. */
export interface AcmePlace {
  readonly issuer: URL;
  readonly folder: string;
  readonly host: string;
}

/**
 * Makes ready whatever can be wrong before a start.
 * @returns what has the server served with a certificate from then on; in turn, what ends that
 * @throws Fault `invalid` for settings that make no sense, or terms that are not agreed to; `unavailable` for files
 *   that others could read, and a port that cannot be listened on
 */
export async function openAcme(
  deps: DatabaseDeps,
  settings: AcmeSettings,
  { issuer, folder: path, host }: AcmePlace,
): Promise<(server: Server) => () => void> {
  const asking = readSettings(settings, issuer);
  await requireAgreement(asking, settings.agreed);
  const folder = await StateFolder.open(path, asking);
  const { httpPort } = settings;
  const overHttp =
    httpPort === undefined ? undefined : await HttpAnswer.open(asking.name, { host, port: httpPort });
  return (server) => {
    const stop = new AbortController();
    const answer = overHttp ?? new TlsAlpnAnswer(server, asking.name);
    const acmeDeps = { ...deps, ...untilStopped(stop.signal) };
    const renewal = new CertificateRenewal(acmeDeps, { asking, folder }, { answer, server });
    const timer = setInterval(() => void renewal.look(), LOOK_EVERY).unref();
    void renewal.look();
    return () => {
      clearInterval(timer);
      stop.abort();
      answer.close();
    };
  };
}
