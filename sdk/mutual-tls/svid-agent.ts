import { Agent, type AgentOptions } from "node:https";
import type { Duplex } from "node:stream";
import type { ConnectionOptions, TLSSocket } from "node:tls";

/** How to connect just now, and which change of state that is of. */
export interface Dialling {
  /** A connection whose other side is judged, and kept an eye on. */
  connect(options: ConnectionOptions): TLSSocket;
  generation(): number;
}

/** Connections for `node:https` by SVID: each made with what this process has then, none kept beyond it. */
export class SvidAgent extends Agent {
  readonly #dialling: Dialling;
  readonly #generations = new WeakMap<Duplex, number>();

  constructor(dialling: Dialling) {
    super({ keepAlive: true, maxCachedSessions: 0 } satisfies AgentOptions);
    this.#dialling = dialling;
  }

  override createConnection(options: ConnectionOptions): TLSSocket {
    const socket = this.#dialling.connect(options);
    this.#generations.set(socket, this.#dialling.generation());
    return socket;
  }

  /** A connection that was made with what has been replaced since answers what it was asked, and is let go. */
  override keepSocketAlive(socket: Duplex): boolean {
    if (this.#generations.get(socket) !== this.#dialling.generation()) return false;
    (super.keepSocketAlive as (socket: Duplex) => void)(socket);
    return true;
  }

  /** Lets go of what waits to be used again. This side does it, so no request is on its way there. */
  releaseIdle(): void {
    for (const sockets of Object.values(this.freeSockets))
      for (const socket of sockets ?? []) socket.destroy();
  }
}
