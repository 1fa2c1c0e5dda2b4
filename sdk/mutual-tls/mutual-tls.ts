import type { RequestListener } from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import { type ConnectionOptions, connect, createServer, type Server, type TLSSocket } from "node:tls";
import { CountersignError, Unreachable } from "../errors.ts";
import type { WorkloadApi } from "../workload/workload-api.ts";
import type { X509State } from "../workload/x509-state.ts";
import { contextOf, fingerprintOf } from "./context.ts";
import { Judged } from "./judged.ts";
import { chainFrom, chainOf, judgePeer, type PeerSvid } from "./peer-svid.ts";
import { endingTheDead, type Revocations, requireAlive } from "./revocations.ts";
import { SvidAgent } from "./svid-agent.ts";

/** Who may be at the other end. */
export interface MutualTlsOptions {
  /**
   * Whether whoever has this SPIFFE ID may be talked to. Decide by the whole ID, or by everything before the
   * instance; a trust domain alone is everybody in it.
   */
  authorize(id: string): boolean;
  /**
   * What has died, of `service.revocations()`: running copies and keys that were ended are let go of when it is heard,
   * and refused. Without it an SVID counts until it expires, or its authority is withdrawn.
   */
  readonly revocations?: Revocations;
}

/** TLS in which both sides are who their hosts say, with SVIDs that change under it. */
export interface MutualTls {
  /** For `https.request(url, { agent })`. */
  readonly agent: SvidAgent;
  /** As `tls.connect`; the connection ends when its other side would not be let in any more. @throws Unreachable */
  connect(options: ConnectionOptions): TLSSocket;
  /**
   * For libraries that connect by themselves: every call anew, for they hold what this process has now. Whoever makes
   * the connection ends it: what changes later is not seen here. @throws Unreachable
   */
  connectOptions(): ConnectionOptions;
  httpsServer(listener: RequestListener): HttpsServer;
  tlsServer(connected: (socket: TLSSocket) => void): Server;
  /** Who is at the other end of a server's connection. @throws CountersignError for a connection of nobody's */
  peerOf(socket: Socket): string;
  /** Ends following. Servers and connections are their owner's to close. */
  close(): void;
}

/** Waits for the first SVID. @throws Refused, Unreachable */
export async function mutualTls(
  workload: Pick<WorkloadApi, "x509" | "current" | "onChange">,
  { authorize, revocations }: MutualTlsOptions,
): Promise<MutualTls> {
  await workload.x509();
  const servers = new Set<Server>();
  const judged = new Judged(judge);
  let [generation, last] = [0, fingerprintOf(workload.current())];

  const stop = workload.onChange((state) => {
    judged.judgeAgain();
    const next = fingerprintOf(state);
    if (next === last) return;
    last = next;
    generation += 1;
    agent.releaseIdle();
    for (const server of servers) server.setSecureContext(state === undefined ? NOTHING : contextOf(state));
  });
  const stopHearing = revocations === undefined ? undefined : endingTheDead(revocations, judged);

  function stateNow(): X509State {
    const state = workload.current();
    if (state !== undefined) return state;
    throw new Unreachable("the host gives this process no identity just now");
  }

  /** Without an identity of one's own there is nobody to talk to. @throws when the other side may not be there */
  function judge(attackerChain: readonly Uint8Array[]): PeerSvid {
    const peer = judgePeer(attackerChain, stateNow(), Date.now());
    if (!authorize(peer.id)) throw new CountersignError(`${peer.id} may not be at the other end`);
    requireAlive(revocations, peer);
    return peer;
  }

  function guard<Kind extends Server>(server: Kind): Kind {
    // Before anybody else hears of the connection.
    server.prependListener("secureConnection", (socket: TLSSocket) => {
      try {
        judged.admit(socket, chainOf(socket));
      } catch {
        socket.destroy();
      }
    });
    servers.add(server);
    server.once("close", () => servers.delete(server));
    return server;
  }

  function connectOptions(): ConnectionOptions {
    return {
      ...contextOf(stateNow()),
      rejectUnauthorized: true,
      checkServerIdentity: (_host, certificate) => refusing(() => judge(chainFrom(certificate as never))),
    };
  }

  /** Ours last: whoever asks for a connection cannot ask for less. */
  function dial(options: ConnectionOptions): TLSSocket {
    const socket = connect({ ...options, ...connectOptions() });
    socket.once("secureConnect", () => {
      try {
        judged.admit(socket, chainOf(socket));
      } catch (cause) {
        socket.destroy(cause instanceof Error ? cause : undefined);
      }
    });
    return socket;
  }

  const agent = new SvidAgent({ connect: dial, generation: () => generation });
  const serverOptions = () => ({ ...contextOf(stateNow()), requestCert: true, rejectUnauthorized: true });

  return {
    agent,
    connect: dial,
    connectOptions,
    httpsServer: (listener) => guard(createHttpsServer(serverOptions(), listener)),
    tlsServer: (connected) =>
      guard(createServer(serverOptions(), (socket) => void (socket.destroyed || connected(socket)))),
    peerOf(socket) {
      const peer = judged.peer(socket);
      if (peer !== undefined) return peer.id;
      throw new CountersignError("nobody has been proven to be at the other end of this connection");
    },
    close() {
      stop();
      stopHearing?.();
      agent.releaseIdle();
    },
  };
}

/** No certificate and no root: every handshake fails. */
const NOTHING = { ca: [] };

function refusing(judge: () => unknown): Error | undefined {
  try {
    judge();
    return undefined;
  } catch (cause) {
    return cause instanceof Error ? cause : new Error(String(cause));
  }
}
