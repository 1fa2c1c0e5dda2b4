/** Who is at the other end of a Unix socket, as the kernel says: true of the moment at which it connected. */
export interface Peer {
  /** Process id in this host's own namespace; never 0. */
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Which life of that pid it is: boot id and start time in clock ticks, `<boot id>:<ticks>`. */
  readonly started: string;
  /**
   * Whether that very process still runs, under that uid and gid, and the program that it ran then. Cheap: asked
   * before every answer.
   */
  isAlive(): boolean;
  /**
   * Whether it is certain that it is not that any more; left out, that is whatever is not alive. What cannot be
   * looked at for a moment (no descriptors, no memory) is not alive, gets no answer, and is not gone.
   */
  isGone?(): boolean;
  /** Calls back once, within moments of the process's exit; at once when it has exited. */
  onExit(gone: () => void): void;
  /** Lets go of what watches it. */
  close(): void;
}
