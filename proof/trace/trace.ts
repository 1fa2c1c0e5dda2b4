import type { Grant } from "../grant/index.ts";

/**
 * By what right something was done. `approved`: a person signed exactly this. `instructed`: a person's
 * consent to the task covers it. `autonomous`: neither is shown by these events. A signature that these
 * events do not suffice to check counts as the log has it, and is marked `unchecked`; a broken one counts for
 * nothing.
 */
export type Right = "approved" | "instructed" | "autonomous";

/** A person's signature: it `holds`, it is `broken`, or these events do not hold what it takes to check it. */
export type Signature = { state: "holds" | "broken" | "unchecked"; why?: string };

/** What every entry has: the event that tells of it. Times are milliseconds since 1970. */
type Told = { event: string; at: number; agent?: string };

/** A policy's part in a token: which tool it lets be called, and why. */
export type Decided = {
  tool: string;
  decision?: string;
  verdict?: string;
  policies: string[];
  policyVersion?: string;
  /** Commitment to the constraints on the arguments. */
  args?: string;
  approval?: string;
};

export type TokenEntry = Told & {
  kind: "token";
  jti: string;
  edge?: string;
  audience?: string;
  instance?: string;
  strength?: string;
  /** Milliseconds since 1970. */
  expires?: number;
  decided: Decided[];
  revokedAt?: number;
};

export type ActionEntry = Told & {
  kind: "action";
  action: string;
  tool: string;
  edge?: string;
  resource?: string;
  service?: string;
  instance?: string;
  strength?: string;
  /** Commitment to the arguments. */
  args?: string;
  jti?: string;
  right: Right;
  /** Why no better right could be shown. */
  problems: string[];
  decision?: string;
  verdict?: string;
  policies: string[];
  policyVersion?: string;
  approval?: string;
  use?: number;
  of?: number;
  /** Which step of its task's plan it was. */
  planStep?: { step: number; of: number };
  /** `allowed`; once it ended `executed`, or the service's own word for how it ended, such as `failed`. */
  outcome: string;
  returnedAt?: number;
};

export type RefusalEntry = Told & {
  kind: "refusal";
  /** Who was refused, where that was no agent. */
  by?: { kind: string; principal: string };
  action: string;
  verdict: "deny" | "require-approval";
  code?: string;
  why?: string;
  tool?: string;
  edge?: string;
  /** The agent to which something was to be delegated. */
  to?: string;
  resource?: string;
  decision?: string;
  policies: string[];
  policyVersion?: string;
  approval?: string;
  /** How often in a row, and when last. */
  times: number;
  lastAt: number;
};

/** A person's signed answer to a request. */
export type Answer = {
  event: string;
  at: number;
  person: string;
  receipt?: string;
  requirement?: string;
  decision?: string;
  signature: Signature;
  /** Why it counts for nothing, although it is there. */
  problems: string[];
};

export type ApprovalEntry = Told & {
  kind: "approval";
  approval: string;
  action?: string;
  tool?: string;
  resource?: string;
  /** Commitment to the arguments. */
  args?: string;
  requirements: string[];
  policies: string[];
  policyVersion?: string;
  answers: Answer[];
  /** The token that used it up. */
  spentBy?: string;
  expiredAt?: number;
};

/** What an agent told of a step of its task's plan. Its word, not a proof. */
export type StepEntry = Told & {
  kind: "step";
  edge?: string;
  tool?: string;
  step: number;
  of: number;
  /** `started`, `done` or `failed`. */
  state: string;
  /** Commitment to the evidence. */
  evidence?: string;
};

export type Entry = TokenEntry | ActionEntry | RefusalEntry | ApprovalEntry | StepEntry;

/** A delegation: the person's own, or one that hangs on another. */
export type EdgeTrace = {
  edge: string;
  event: string;
  at: number;
  parent?: string;
  from: string;
  to: string;
  /** 1 for the person's own. */
  depth?: number;
  grants: Grant[];
  /** How authority passed; `standing` where no person asked and the agent's own is at the root. `unproven` where these events do not show that it did. */
  passed: "signed" | "standing" | "delegated" | "narrowed" | "unproven";
  /** Why it is unproven. */
  problems: string[];
  expires?: number;
  endedAt?: number;
  decision?: string;
  policies: string[];
  policyVersion?: string;
  entries: Entry[];
  children: EdgeTrace[];
};

export type ConsentTrace = {
  event: string;
  at: number;
  person: string;
  hash?: string;
  credential?: string;
  signature: Signature;
  /** Why it gives nothing, although it is there. */
  problems: string[];
};

export type TaskState = "awaiting-consent" | "active" | "closed" | "expired" | "refused" | "unknown";

/** Everything that the log shows of a task. Plain JSON: the same before and after it was a text. */
export type Trace = {
  task: string;
  state: TaskState;
  requested?: {
    event: string;
    at: number;
    /** Who opened it. */
    by: { kind: string; principal: string; strength: string; via: string };
    person?: string;
    agent?: string;
    /** `person`, or what started it where nobody asked: `agent`, `schedule`, `event`. */
    startedBy?: string;
    /** What the schedule or event was, in the words of the service that told of it. */
    on?: string;
    /** Commitments to the instruction and to the purpose. */
    instruction?: string;
    purpose?: string;
    deadline?: number;
    /** What it declared to do: the tools of its steps, and the hash that the consent holds. */
    plan?: { hash: string; steps: string[] };
  };
  ended?: { event: string; at: number; by: { kind: string; principal: string } };
  consents: ConsentTrace[];
  /** The first delegation, the person's own or the agent's, and all that hangs on it. */
  root?: EdgeTrace;
  /** What belongs to the task and to no one place in its tree. */
  unplaced: { edges: EdgeTrace[]; entries: Entry[] };
  /** How many events of the task were read, and of how many of them a trace shows nothing. */
  events: number;
  notShown: number;
};
