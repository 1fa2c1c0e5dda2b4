/** What the cases of the suite play on: a socket, two agents under two users, and somebody who governs them. */
export interface SpiffeStage {
  readonly socket: string;
  readonly trustDomain: string;
  /** Whose processes run under `PLANNER` and `WRITER`; nobody's run under `STRANGER`. */
  readonly agents: { readonly planner: string; readonly writer: string };
  /** Has everybody's SVIDs replaced before their time. */
  rotate(): Promise<void>;
  suspend(agent: string): Promise<void>;
  resume(agent: string): Promise<void>;
  /** Whether an instance is dead where it was issued. */
  hasEnded(instance: string): Promise<boolean>;
}

export const PLANNER = 21_001;
export const WRITER = 21_002;
export const STRANGER = 21_003;
