import { type HostLog, nodeClock, openIdentities } from "../identity/index.ts";
import { DigestCache, measureModel } from "../measure/index.ts";
import { peerOf } from "../peer/index.ts";
import { attestProcess, imagesOf, type Measure, type WorthReading } from "../process/index.ts";
import type { EvidenceSource, Server } from "../upstream/index.ts";
import { DEFAULT_SOCKET, serveWorkloadApi } from "../workload-api/index.ts";
import { joined } from "./joined.ts";

/** How a host runs. */
export interface HostOptions {
  readonly server: Server;
  /** What the machine shows to join; not asked where a kept key still works. */
  readonly evidence: EvidenceSource;
  /** Path of the socket of the Workload API. */
  readonly socket?: string | undefined;
  /** Where the machine's own key is kept, so that a restart needs no new token; in memory only when left out. */
  readonly folder?: string | undefined;
  /** The socket of the container runtime, for the images of containers. */
  readonly runtime?: string | undefined;
  readonly log: HostLog;
}

export interface RunningHost {
  /** Its SPIFFE ID. */
  readonly host: string;
  readonly socket: string;
  close(): Promise<void>;
}

/**
 * Joins the control plane and serves the processes of this machine until it is closed. What it has been issued it
 * goes on serving while the control plane is away, for as long as it lives.
 * @throws UpstreamAway, UpstreamRefused when the machine cannot join; SocketTaken
 */
export async function runHost(options: HostOptions): Promise<RunningHost> {
  const { log, socket = DEFAULT_SOCKET } = options;
  const { upstream, host } = await joined(options);
  const attest = attesting(options);
  const identities = openIdentities({ upstream, attest, clock: nodeClock, random: Math.random, log });
  const stop = async (): Promise<void> => {
    await identities.close();
    upstream.close();
  };
  try {
    const peer = (connection: Parameters<typeof peerOf>[0]) =>
      peerOf(connection, ({ code, message }) => log("warn", "a connection is nobody's", { code, message }));
    const api = await serveWorkloadApi({ socket, identities, peerOf: peer, clock: nodeClock, log });
    return {
      host,
      socket,
      async close() {
        await api.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Weights are read again only when they may have changed, and at every tenth time. */
function attesting({ runtime }: HostOptions) {
  const cache = new DigestCache();
  const measure: Measure = {
    model: (model, root) => measureModel(model, { root, cache }),
    ...(runtime === undefined ? {} : { imageOf: imagesOf(runtime) }),
  };
  return (
    peer: Parameters<typeof attestProcess>[0],
    wanted: Parameters<typeof attestProcess>[1],
    worth?: WorthReading,
  ) => attestProcess(peer, wanted, worth === undefined ? measure : { ...measure, worth });
}
