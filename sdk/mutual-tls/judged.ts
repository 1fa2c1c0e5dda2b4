import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { PeerSvid } from "./peer-svid.ts";

/** What timers count to. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Connections whose other side has been judged. Each keeps what that side has shown, so that it can be judged again
 * by what is known later: whoever would not be let in any more is not let stay either.
 */
export class Judged {
  readonly #judge: (attackerChain: readonly Uint8Array[]) => PeerSvid;
  readonly #shown = new Map<TLSSocket, readonly Uint8Array[]>();
  readonly #peers = new WeakMap<Socket, PeerSvid>();

  /** @param judge throws when the other side is not who it should be */
  constructor(judge: (attackerChain: readonly Uint8Array[]) => PeerSvid) {
    this.#judge = judge;
  }

  /** @throws what judging throws */
  admit(socket: TLSSocket, attackerChain: readonly Uint8Array[]): void {
    const peer = this.#judge(attackerChain);
    this.#peers.set(socket, peer);
    this.#shown.set(socket, attackerChain);
    const expiry = setTimeout(() => socket.destroy(), Math.min(peer.expires - Date.now(), LONGEST_TIMER));
    expiry.unref();
    socket.once("close", () => {
      clearTimeout(expiry);
      this.#shown.delete(socket);
    });
  }

  peer(socket: Socket): PeerSvid | undefined {
    return this.#peers.get(socket);
  }

  /** Ends the connections of everybody who would be refused now. */
  judgeAgain(): void {
    for (const [socket, attackerChain] of this.#shown) {
      try {
        this.#judge(attackerChain);
      } catch (cause) {
        end(socket, cause);
      }
    }
  }

  /** Ends those of everybody of whom this is so. */
  endWhere(isSo: (peer: PeerSvid) => boolean, why: Error): void {
    for (const socket of this.#shown.keys()) {
      const peer = this.#peers.get(socket);
      if (peer !== undefined && isSo(peer)) end(socket, why);
    }
  }
}

/** A client is told why by its own socket; a server's socket has nobody who listens for an error. */
function end(socket: TLSSocket, cause: unknown): void {
  const heard = socket.listenerCount("error") > 0;
  socket.destroy(heard && cause instanceof Error ? cause : undefined);
}
