/**
 * The one file that knows everybody: it opens what the rooms are handed, starts what runs by itself, and
 * stops it in order. Everything else is a room.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Server as TlsServer } from "node:tls";
import { parseVkey } from "@countersign/proof/checkpoint";
import { createKeyCache } from "@countersign/proof/jwk";
import { parseTrustDomain } from "@countersign/proof/spiffe-id";
import { pino } from "pino";
import type { AcmeSettings } from "./acme/index.ts";
import {
  CertificateCallers,
  endpoints,
  followSvid,
  followTls,
  gate,
  linkInStore,
  migrations,
  type ServerDeps,
  startChores,
} from "./app/index.ts";
import { issueJoinToken } from "./attestation/index.ts";
import { checkLog, flushRefusals, RefusalCounter, startSequencer } from "./audit/index.ts";
import { DecisionIds, DecisionLog, LiveApplications } from "./authzen/index.ts";
import { type Database, type DatabaseLocation, openDatabase } from "./database/index.ts";
import { factSource } from "./gateway/index.ts";
import {
  buildServer,
  FrontProxy,
  isLocal,
  NO_CERTIFICATE_YET,
  type ProxySaid,
  readPublicAddress,
  readTls,
  requireSafeTransport,
  type ServerOptions,
  type TlsFiles,
} from "./http/index.ts";
import {
  keepKeysFresh,
  lastCheckpoint,
  openKeyModule,
  openKeyRing,
  rememberCheckpoint,
} from "./keys/index.ts";
import { type Clock, type Deps, Fault, system, systemClock, systemRandom } from "./lib/index.ts";
import { issueEnrolmentLink, issueFirstAdministratorLink, ProviderKeys } from "./login/index.ts";
import { ClientDocuments, DpopNonces, type NonceDemand, questionOf, StatusLists } from "./oauth/index.ts";
import {
  ActivePolicies,
  installShippedPolicies,
  Oracle,
  readyToDecide,
  recoverPolicies,
  tellOfShipped,
  warnOfObserving,
} from "./policy/index.ts";
import { findPersonByEmail, type LifecycleSettings } from "./registry/index.ts";
import { LiveFeed, REVOCATION_CHANNEL, revoke } from "./revocation/index.ts";
import {
  BundleCache,
  issueServerSvid,
  OwnAuthority,
  ownX509Svid,
  readUpstream,
  type UpstreamFiles,
  unpublish,
} from "./spiffe/index.ts";
import { riskSource } from "./threats/index.ts";

export { endpoints, events } from "./app/index.ts";
export { checkOffline } from "./policy/index.ts";

export interface ServerConfig {
  /** The folder of the store (unless `databaseUrl`) and of the keys (unless `keys`). */
  readonly data: string;
  readonly keys?: string;
  readonly databaseUrl?: string;
  readonly host: string;
  readonly port: number;
  /** The public origin, such as `https://countersign.example.com`. */
  readonly issuer: string;
  readonly trustDomain: string;
  readonly behindProxy: boolean;
  /** Which proxy that is, and whether it passes client certificates on. */
  readonly proxy?: ProxySaid;
  /**
   * The files of a certificate; or `spiffe` to serve with an SVID of our own, or an authority that is asked for one
   * by ACME, both renewed by themselves.
   */
  readonly tls?: TlsFiles | "spiffe" | { readonly acme: AcmeSettings };
  /** The company's own authority, which signs the certificates of ours. Ours signs its own where nothing is said. */
  readonly ca?: UpstreamFiles;
  /** The PKCS #11 module that holds the keys of SVIDs: `module=…;token=…;pin-file=…`. Files where nothing is said. */
  readonly pkcs11?: string;
  readonly logLevel?: string;
  /** Which policies to bring back before anything is served: `previous`, `shipped`, or a version on record. */
  readonly recoverPolicies?: string;
  /** One decision in so many is compared with Cedar's own engine; 0 for none. 100 where nothing is said. */
  readonly oracleShare?: number;
  /** Whether DPoP proofs must have a nonce of this server; `offered` where nothing is said. */
  readonly dpopNonces?: NonceDemand;
  /** How lives of agents go on by themselves. */
  readonly lifecycle?: LifecycleSettings;
  /** For tests that hold the time still. */
  readonly clock?: Clock;
}

export interface RunningServer {
  readonly issuer: string;
  /** The link for the first administrator, while there is none. */
  firstLink(): Promise<string | undefined>;
  /** The same, into a file that only its owner reads. */
  writeFirstLink(): Promise<void>;
  /** A token by which this very machine joins: for whoever holds this process, and in the log. */
  joinToken(host: string): Promise<string>;
  /** A link by which a registered person enrols a passkey: for whoever holds this process, and in the log. */
  enrolmentLink(email: string): Promise<string>;
  close(): Promise<void>;
}

const ORACLE_SHARE = 100;

/** Holder keys remembered between calls: enough for a busy fleet, a few megabytes. */
const HOLDER_KEYS = 10_000;

/** @throws Fault `unavailable` for a store, keys, a log or a port that cannot be used; `invalid` for the config */
export async function startServer(config: ServerConfig): Promise<RunningServer> {
  const issuer = readPublicAddress(config.issuer);
  requireSafeTransport(issuer, config.host, config.tls !== undefined, config.behindProxy);
  requireTrustDomain(config.trustDomain);
  const acme = typeof config.tls === "object" && "acme" in config.tls ? config.tls.acme : undefined;
  const files = typeof config.tls === "object" && "cert" in config.tls ? config.tls : undefined;
  const tls = files === undefined ? undefined : readTls(files);
  const openAcme = acme && (await preparedAcme(acme, config, issuer));
  const proxy = proxyOf(config);
  const basics = basicsOf(config);
  const database = await openDatabase(basics, locationOf(config), migrations);
  try {
    const deps = await assemble(config, issuer, basics, database);
    const svid = config.tls === "spiffe" ? await issueServerSvid(deps) : undefined;
    const followAcme = await openAcme?.(deps);
    const identity = tls ?? svid ?? (acme && NO_CERTIFICATE_YET);
    const options = { issuer, tls: identity, behindProxy: config.behindProxy, proxy };
    const follow = (server: TlsServer) => {
      if (followAcme !== undefined) return followAcme(server);
      return svid === undefined ? followTls(files, tls, deps, server) : followSvid(svid, deps, server);
    };
    return await serve(config, options, deps, follow);
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** A link to an administrator, where none of them can make one. @throws Fault as `linkInStore` */
export const administratorLink = (
  config: Pick<ServerConfig, "data" | "databaseUrl" | "issuer" | "trustDomain">,
  whose: { email?: string | undefined },
): Promise<{ url: string; expires: number }> => {
  const { origin: issuer } = readPublicAddress(config.issuer);
  return linkInStore(basicsOf({}), { location: locationOf(config), ...config, issuer }, whose);
};
/** Loaded only where an authority is asked. @throws Fault */
async function preparedAcme(acme: AcmeSettings, { data, host }: ServerConfig, issuer: URL) {
  const { prepareAcme } = await import("./acme/index.ts");
  return prepareAcme(acme, { issuer, folder: join(data, "acme"), host });
}

/** @throws Fault `invalid` for a proxy of which something is said and which is not declared */
function proxyOf({ behindProxy, proxy }: ServerConfig): FrontProxy | undefined {
  if (proxy === undefined) return undefined;
  if (behindProxy) return new FrontProxy(proxy);
  throw new Fault("invalid", "Something is said of a proxy, and none is declared.", {
    remedy: "Declare it with --behind-proxy.",
  });
}

function requireTrustDomain(name: string): void {
  try {
    parseTrustDomain(name);
  } catch (cause) {
    throw new Fault("invalid", `${name} is not a trust domain.`, {
      remedy: "Give a name of a-z, 0-9, dots, - and _, such as example.com, with --trust-domain.",
      cause,
    });
  }
}

function basicsOf({
  clock = systemClock,
  logLevel = "warn",
}: Pick<ServerConfig, "clock" | "logLevel">): Deps {
  const redact = ["*.token", "*.secret", "*.authorization", "*.cookie", "*.assertion", "*.password"];
  return { clock, random: systemRandom, log: pino({ level: logLevel, redact }, pino.destination(2)) };
}

const locationOf = ({ databaseUrl, data }: Pick<ServerConfig, "databaseUrl" | "data">): DatabaseLocation =>
  databaseUrl === undefined ? { folder: data } : { url: databaseUrl };

/** Everything that the rooms are handed, in one object. */
async function assemble(
  config: ServerConfig,
  issuer: URL,
  basics: Deps,
  database: Database,
): Promise<ServerDeps> {
  const module = config.pkcs11 === undefined ? undefined : await openKeyModule(basics, config.pkcs11);
  const keys = await openKeyRing(basics, config.keys ?? join(config.data, "keys"), module);
  const log = `${config.trustDomain}/log`;
  const refusals = new RefusalCounter();
  const outbound = { local: isLocal(issuer) };
  const deps: ServerDeps = {
    ...basics,
    database,
    keys,
    issuer: issuer.origin,
    trustDomain: config.trustDomain,
    ...(config.lifecycle === undefined ? {} : { lifecycle: config.lifecycle }),
    refusals,
    sealer: keys,
    withdraw: (change, caller, kid) => revoke(deps, change, caller, [`kid:${kid}`], "key withdrawn"),
    unpublish: (change, caller, key) => unpublish(deps, change, caller, key),
    checkpointSigner: { name: log, keys: () => keys.logSigners(log) },
    lastCheckpoint: {
      recall: () => lastCheckpoint(keys.folder),
      remember: (note) => rememberCheckpoint(keys.folder, note),
    },
    policies: new ActivePolicies(),
    oracle: new Oracle(basics, config.oracleShare ?? ORACLE_SHARE),
    holderKeys: createKeyCache(HOLDER_KEYS),
    providerKeys: new ProviderKeys({ ...basics, outbound: { local: isLocal(issuer) } }),
    nonces: new DpopNonces(basics, keys, config.dpopNonces ?? "offered"),
    statusLists: new StatusLists(),
    clientDocuments: new ClientDocuments({ ...basics, outbound: { local: isLocal(issuer) } }),
    liveFeed: new LiveFeed({ ...basics, database }),
    certificates: new CertificateCallers({ ...basics, database }, async (chain) => {
      const svid = await ownX509Svid(deps, chain);
      return svid && { id: svid.id.uri, expires: svid.expires };
    }),
    applications: new LiveApplications({ ...basics, database, sealer: keys }),
    answers: new DecisionLog({ ...basics, database, sealer: keys }),
    decisionIds: new DecisionIds(basics),
    callQuestion: (on, grant) => questionOf(deps, on, grant),
    outbound,
    bundles: new BundleCache(),
    authority: new OwnAuthority(
      config.ca === undefined ? undefined : readUpstream(config.ca, basics.clock.now()),
    ),
    clientCertificates: config.tls !== undefined || config.proxy?.clientCertificates === true,
    facts: factSource({ ...basics, keys, issuer: issuer.origin, outbound }),
    risk: riskSource({ ...basics, database, refusals }),
  };
  await checkLog(deps, keys.logVkeys(log).map(parseVkey));
  await keepKeysFresh(deps);
  await deps.authority.records(deps);
  await installShippedPolicies(deps, system);
  if (config.recoverPolicies !== undefined) await recoverPolicies(deps, config.recoverPolicies);
  await readyToDecide(deps);
  await warnOfObserving(deps);
  await tellOfShipped(deps);
  return deps;
}

async function serve(
  config: ServerConfig,
  options: ServerOptions,
  deps: ServerDeps,
  followCertificate: (server: TlsServer) => () => void | Promise<void>,
): Promise<RunningServer> {
  const server = buildServer(deps, endpoints, gate(deps), options);
  await server.listen({ host: config.host, port: config.port }).catch((cause) => {
    throw portTaken(config.port, cause);
  });
  deps.policies.serve();
  const sequencer = startSequencer(deps);
  const stopChores = startChores(deps);
  const stopTls = followCertificate(server.server as unknown as TlsServer);
  // A key that another server has withdrawn signs nothing here from the moment that it is told.
  const stopNoticing = deps.database.listen(REVOCATION_CHANNEL, () => noticeKeys(deps));
  const firstLink = () => firstLinkOf(deps);
  return {
    issuer: deps.issuer,
    firstLink,
    async writeFirstLink() {
      const link = await firstLink();
      if (link === undefined) return;
      writeFileSync(join(config.data, "first-administrator-link"), `${link}\n`, { mode: 0o600 });
    },
    joinToken: async (host) => (await issueJoinToken(deps, system, { host })).token,
    async enrolmentLink(email) {
      const person = await findPersonByEmail(deps, email);
      if (person === undefined)
        throw new Fault("not-found", "Nobody here has this address.", {
          remedy: "Register the person first.",
        });
      return (await issueEnrolmentLink(deps, system, { person: person.id })).url;
    },
    async close() {
      stopChores();
      await stopTls();
      stopNoticing();
      await deps.liveFeed.close();
      await server.close();
      deps.certificates.close();
      deps.applications.close();
      await deps.answers.close();
      await deps.policies.flush(deps);
      await flushRefusals(deps);
      await sequencer.stop();
      await deps.oracle?.close();
      await deps.keys.module?.close();
      await deps.database.close();
    },
  };
}

/** A folder that cannot be read now makes whoever asks for a key refuse; nobody has asked yet. */
function noticeKeys({ keys, log }: ServerDeps): void {
  try {
    keys.notice(true);
  } catch (error) {
    log.error({ error: (error as Error).message }, "the key folder cannot be read");
  }
}

async function firstLinkOf(deps: ServerDeps): Promise<string | undefined> {
  try {
    return (await issueFirstAdministratorLink(deps)).url;
  } catch (error) {
    if (error instanceof Fault && error.code === "conflict") return undefined;
    throw error;
  }
}

const portTaken = (port: number, cause: Error): Fault =>
  new Fault("unavailable", `The port ${port} cannot be listened on.`, {
    remedy: "Stop what uses it, or give another one with --port.",
    cause,
  });
