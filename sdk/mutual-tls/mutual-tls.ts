import type { RequestListener } from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import { type ConnectionOptions, createServer, type Server, type TLSSocket } from "node:tls";
import { CountersignError, Unreachable } from "../errors.ts";
import type { WorkloadApi } from "../workload/workload-api.ts";
import type { X509State } from "../workload/x509-state.ts";
import { contextOf, fingerprintOf } from "./context.ts";
import { chainFrom, chainOf, judgePeer, type PeerSvid } from "./peer-svid.ts";
import { SvidAgent } from "./svid-agent.ts";

/** Who may be at the other end. */
export interface MutualTlsOptions {
  /**
   * Whether whoever has this SPIFFE ID may be talked to. Decide by the whole ID, or by everything before the
   * instance; a trust domain alone is everybody in it.
   */
  authorize(id: string): boolean;
}

/** TLS in which both sides are who their hosts say, with SVIDs that change under it. */
export interface MutualTls {
  /** For `https.request(url, { agent })`. */
  readonly agent: SvidAgent;
  /** For `tls.connect`: every call anew, for they hold what this process has now. @throws Unreachable */
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
  { authorize }: MutualTlsOptions,
): Promise<MutualTls> {
  await workload.x509();
  const servers = new Set<Server>();
  const peers = new WeakMap<Socket, PeerSvid>();
  const connections = new Set<TLSSocket>();
  let [generation, last] = [0, fingerprintOf(workload.current())];

  const stop = workload.onChange((state) => {
    const next = fingerprintOf(state);
    if (next === last) return;
    last = next;
    generation += 1;
    agent.releaseIdle();
    if (state === undefined) loseIdentity();
    else for (const server of servers) server.setSecureContext(contextOf(state));
  });

  /** Without an identity there is nobody to talk to: nothing new is accepted, nothing old goes on. */
  function loseIdentity(): void {
    for (const server of servers) server.setSecureContext(NOTHING);
    for (const socket of connections) socket.destroy();
  }

  function stateNow(): X509State {
    const state = workload.current();
    if (state !== undefined) return state;
    throw new Unreachable("the host gives this process no identity just now");
  }

  /** @throws when the other side is not who it should be */
  function admit(socket: TLSSocket, attackerChain: readonly Uint8Array[]): void {
    const peer = judgePeer(attackerChain, stateNow(), Date.now());
    if (!authorize(peer.id)) throw new CountersignError(`${peer.id} may not be at the other end`);
    peers.set(socket, peer);
    connections.add(socket);
    const expiry = setTimeout(() => socket.destroy(), Math.min(peer.expires - Date.now(), LONGEST_TIMER));
    expiry.unref();
    socket.once("close", () => {
      clearTimeout(expiry);
      connections.delete(socket);
    });
  }

  function guard<Kind extends Server>(server: Kind): Kind {
    // Before anybody else hears of the connection.
    server.prependListener("secureConnection", (socket: TLSSocket) => {
      try {
        admit(socket, chainOf(socket));
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
      checkServerIdentity: (_host, certificate) =>
        refusing(() => judgeServer(chainFrom(certificate as never))),
    };
  }

  function judgeServer(attackerChain: readonly Uint8Array[]): void {
    const { id } = judgePeer(attackerChain, stateNow(), Date.now());
    if (!authorize(id)) throw new CountersignError(`${id} may not be at the other end`);
  }

  const agent = new SvidAgent({
    options: connectOptions,
    generation: () => generation,
    connected: (socket) => admit(socket, chainOf(socket)),
  });
  const serverOptions = () => ({ ...contextOf(stateNow()), requestCert: true, rejectUnauthorized: true });

  return {
    agent,
    connectOptions,
    httpsServer: (listener) => guard(createHttpsServer(serverOptions(), listener)),
    tlsServer: (connected) =>
      guard(createServer(serverOptions(), (socket) => void (socket.destroyed || connected(socket)))),
    peerOf(socket) {
      const peer = peers.get(socket);
      if (peer !== undefined) return peer.id;
      throw new CountersignError("nobody has been proven to be at the other end of this connection");
    },
    close() {
      stop();
      agent.releaseIdle();
    },
  };
}

/** No certificate and no root: every handshake fails. */
const NOTHING = { ca: [] };
/** What timers count to. */
const LONGEST_TIMER = 2 ** 31 - 1;

function refusing(judge: () => void): Error | undefined {
  try {
    judge();
    return undefined;
  } catch (cause) {
    return cause instanceof Error ? cause : new Error(String(cause));
  }
}
