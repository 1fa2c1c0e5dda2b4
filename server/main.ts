/**
 * The one file that knows everybody: it opens what the rooms are handed, starts what runs by itself, and
 * stops it in order. Everything else is a room.
 */
import { join } from "node:path";
import type { Server as TlsServer } from "node:tls";
import { parseVkey } from "@countersign/proof/checkpoint";
import { createKeyCache } from "@countersign/proof/jwk";
import { parseTrustDomain } from "@countersign/proof/spiffe-id";
import { pino } from "pino";
import {
  CertificateCallers,
  endpoints,
  gate,
  linkInStore,
  migrations,
  type OperatorLinks,
  operatorLinks,
  prepareCertificate,
  type ServedCertificate,
  type ServerDeps,
  startChores,
  type TlsConfig,
} from "./app/index.ts";
import { checkLog, flushRefusals, RefusalCounter, startSequencer } from "./audit/index.ts";
import { DecisionIds, DecisionLog, LiveApplications } from "./authzen/index.ts";
import { type Database, type DatabaseLocation, openDatabase } from "./database/index.ts";
import { factSource } from "./gateway/index.ts";
import {
  buildServer,
  FrontProxy,
  isLocal,
  type ProxySaid,
  readPublicAddress,
  requireSafeTransport,
} from "./http/index.ts";
import {
  keepKeysFresh,
  lastCheckpoint,
  openKeyModule,
  openKeyRing,
  rememberCheckpoint,
} from "./keys/index.ts";
import { type Clock, type Deps, Fault, system, systemClock, systemRandom } from "./lib/index.ts";
import { ProviderKeys } from "./login/index.ts";
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
import type { LifecycleSettings } from "./registry/index.ts";
import { LiveFeed, REVOCATION_CHANNEL, revoke } from "./revocation/index.ts";
import {
  BundleCache,
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
  readonly tls?: TlsConfig;
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

export interface RunningServer extends OperatorLinks {
  readonly issuer: string;
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
  const place = { issuer, folder: join(config.data, "acme"), host: config.host };
  const openCertificate = await prepareCertificate(config.tls, place);
  const proxy = proxyOf(config);
  const basics = basicsOf(config);
  const database = await openDatabase(basics, locationOf(config), migrations);
  let certificate: ServedCertificate | undefined;
  try {
    const deps = await assemble(config, issuer, basics, database);
    await makeReady(config, deps);
    certificate = await openCertificate(deps);
    return await serve(config, { issuer, proxy, certificate }, deps);
  } catch (error) {
    certificate?.close();
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
    authority: new OwnAuthority(config.ca && readUpstream(config.ca, basics.clock.now())),
    clientCertificates: config.tls !== undefined || config.proxy?.clientCertificates === true,
    facts: factSource({ ...basics, keys, issuer: issuer.origin, outbound }),
    risk: riskSource({ ...basics, database, refusals }),
  };
  await checkLog(deps, keys.logVkeys(log).map(parseVkey));
  return deps;
}

/** What must hold before anybody is served, once the log does. */
async function makeReady(config: ServerConfig, deps: ServerDeps): Promise<void> {
  await keepKeysFresh(deps);
  await deps.authority.records(deps);
  await installShippedPolicies(deps, system);
  if (config.recoverPolicies !== undefined) await recoverPolicies(deps, config.recoverPolicies);
  await readyToDecide(deps);
  await warnOfObserving(deps);
  await tellOfShipped(deps);
}

interface Edge {
  readonly issuer: URL;
  readonly proxy: FrontProxy | undefined;
  readonly certificate: ServedCertificate;
}

async function serve(
  config: ServerConfig,
  { issuer, proxy, certificate }: Edge,
  deps: ServerDeps,
): Promise<RunningServer> {
  const options = { issuer, tls: certificate.identity, behindProxy: config.behindProxy, proxy };
  const server = buildServer(deps, endpoints, gate(deps), options);
  await server.listen({ host: config.host, port: config.port }).catch((cause) => {
    throw portTaken(config.port, cause);
  });
  deps.policies.serve();
  const sequencer = startSequencer(deps);
  const stopChores = startChores(deps);
  const stopTls = certificate.follow(server.server as unknown as TlsServer);
  // A key that another server has withdrawn signs nothing here from the moment that it is told.
  const stopNoticing = deps.database.listen(REVOCATION_CHANNEL, () => noticeKeys(deps));
  return {
    issuer: deps.issuer,
    ...operatorLinks(deps, config.data),
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

const portTaken = (port: number, cause: Error): Fault =>
  new Fault("unavailable", `The port ${port} cannot be listened on.`, {
    remedy: "Stop what uses it, or give another one with --port.",
    cause,
  });
