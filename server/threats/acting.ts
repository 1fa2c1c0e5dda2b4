import type { Agent } from "../registry/index.ts";

/** A running copy that is about to act. */
export interface Acting {
  readonly agent: Agent;
  /** Its SPIFFE ID. */
  readonly instance: string;
  /** The tool that it is about to call, as `server/tool`. */
  readonly tool?: string;
}
