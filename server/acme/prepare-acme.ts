import type { Server } from "node:tls";
import type { DatabaseDeps } from "../database/index.ts";
import { untilStopped } from "./acme-deps.ts";
import { requireAgreement } from "./agreement.ts";
import { HttpAnswer } from "./answer-http.ts";
import { TlsAlpnAnswer } from "./answer-tls-alpn.ts";
import { CertificateRenewal, LOOK_EVERY } from "./renewal.ts";
import { type AcmeSettings, type Asking, readSettings } from "./settings.ts";
import { StateFolder } from "./state-folder.ts";

/** Where it keeps its state, and where the server listens. */
export interface AcmePlace {
  readonly issuer: URL;
  readonly folder: string;
  readonly host: string;
}

/** What is open from then on. */
export interface OpenedAcme {
  /** Has this server served. @returns what ends that, and waits for what goes on */
  follow(server: Server): () => Promise<void>;
  /** Where no server came about: nothing stays open. */
  close(): void;
}

/** Opens what is kept and listens where it must. */
export type OpenAcme = (deps: DatabaseDeps) => Promise<OpenedAcme>;

/**
 * Looks at whatever can be wrong before anything is opened.
 * @throws Fault `invalid` for settings that make no sense, or terms that are not agreed to; `unavailable` for files
 *   that cannot be read; from what it returns also for a folder that others could enter, or a port that is taken
 */
export async function prepareAcme(settings: AcmeSettings, place: AcmePlace): Promise<OpenAcme> {
  const asking = readSettings(settings, place.issuer);
  await requireAgreement(asking, settings.agreed);
  return async (deps) => {
    const folder = await StateFolder.open(place.folder, asking);
    const overHttp = await openHttp(asking, settings, place);
    return {
      follow(server) {
        const answer = overHttp ?? new TlsAlpnAnswer(server, asking.name);
        return follow(deps, { asking, folder }, { answer, server });
      },
      close: () => overHttp?.close(),
    };
  };
}

async function openHttp(
  { name }: Asking,
  { httpPort: port }: AcmeSettings,
  { host }: AcmePlace,
): Promise<HttpAnswer | undefined> {
  return port === undefined ? undefined : HttpAnswer.open(name, { host, port });
}

type Renewing = ConstructorParameters<typeof CertificateRenewal>;
type Closing = { readonly answer: { close(): void } };

/** Looks now and every few seconds, until it is told to stop. @returns what stops it, and waits for what goes on */
function follow(
  deps: DatabaseDeps,
  { asking, folder }: Renewing[1],
  where: Renewing[2] & Closing,
): () => Promise<void> {
  const stop = new AbortController();
  const stoppable = { ...asking, outbound: { ...asking.outbound, stopping: stop.signal } };
  const renewal = new CertificateRenewal(
    { ...deps, ...untilStopped(stop.signal) },
    { asking: stoppable, folder },
    where,
  );
  const timer = setInterval(() => void renewal.look(), LOOK_EVERY).unref();
  void renewal.look();
  return async () => {
    clearInterval(timer);
    stop.abort();
    where.answer.close();
    await renewal.atRest();
  };
}
