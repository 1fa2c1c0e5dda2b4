import type { Json } from "@countersign/proof/jcs";
import { type Action, Fault, type Id, minutes, type PersonId, type ServiceId } from "../lib/index.ts";
import type { NeedsApproval, PolicyRef } from "../policy/index.ts";
import type { Sum } from "./limit.ts";

/**
 * The life of a request: asked, answered, held by one token, used up. A person's no ends it, and so does time.
 */
export type ApprovalState = "pending" | "approved" | "reserved" | "spent" | "denied" | "expired";

/** How long a request stands, from asking to the last moment in which a token may take the approval. */
export const APPROVAL_LIFETIME = minutes(60);

/** What is asked, as it was when it was asked. It never changes. */
export interface Asked {
  readonly action: Action;
  readonly tool?: string;
  readonly resource: { readonly location: string; readonly name: string };
  readonly args: Readonly<Record<string, Json>>;
  /** 32 bytes, base64url: what the commitment to the arguments was made with. */
  readonly salt: string;
  readonly commitment: string;
  readonly nonce: string;
  readonly person?: PersonId;
  readonly agent?: string;
  readonly service?: ServiceId;
  readonly task?: { readonly id: string; readonly purpose: string };
  /** Root first. */
  readonly agents: readonly string[];
  readonly delegateTo?: string;
  /** What the call moves, where its tool declares an amount. */
  readonly sum?: Sum;
  readonly lifts: NeedsApproval["lifts"];
  readonly permits: readonly PolicyRef[];
  readonly decision: Id<"decision">;
  readonly policyVersion: string;
}

export interface ApprovalRequest {
  readonly id: Id<"approval">;
  readonly state: ApprovalState;
  /** `subjectOf` the question, while it stands, or is still to be told of: at most one request for each. */
  readonly subject?: string;
  /** Milliseconds since the epoch, like all times here. */
  readonly created: number;
  readonly expires: number;
  /** How many people have said yes. */
  readonly answers: number;
  readonly asked: Asked;
  /** The token that holds the approval, and until when. */
  readonly reservedBy?: string;
  readonly reservedUntil?: number;
}

/** The state as of now: time ends a request, and a token that was not used gives its approval back. */
export function stateOf(request: ApprovalRequest, now: number): ApprovalState {
  const { state, expires, reservedUntil = 0 } = request;
  if (state === "reserved" && now < reservedUntil) return "reserved";
  const open = state === "pending" || state === "approved" || state === "reserved";
  if (!open) return state;
  if (now >= expires) return "expired";
  return state === "pending" ? "pending" : "approved";
}

/** How long whoever asks again is told that nobody answered in time; later, people are simply asked anew. */
export const TOLD_FOR = minutes(60);

/** Whether time ended a request while it waited for people, and whoever asks has not been told so yet. */
export const isUntold = ({ state, expires }: ApprovalRequest, now: number): boolean =>
  (state === "pending" || state === "expired") && expires <= now && now < expires + TOLD_FOR;

/** What people must say yes to, each once. */
export const requirementsOf = ({ lifts }: Pick<Asked, "lifts">): string[] =>
  [...new Set(lifts.map(({ requirement }) => requirement))].sort();

/** Whether the request shows people just what has to be lifted, and reached, now. */
export const asksTheSame = ({ asked }: ApprovalRequest, { lifts, permits }: NeedsApproval): boolean =>
  namesAll(asked.lifts, lifts) && namesAll(asked.permits, permits);

const namesAll = (shown: readonly PolicyRef[], needed: readonly PolicyRef[]): boolean =>
  needed.every(({ id, hash }) => shown.some((ref) => ref.id === id && ref.hash === hash));

/** What an event and a refusal are about. */
export const aboutAsked = ({
  task,
  agent,
  person,
}: {
  readonly task?: { readonly id: string };
  readonly agent?: string;
  readonly person?: string;
}) => ({
  ...(task === undefined ? {} : { task: task.id }),
  ...(agent === undefined ? {} : { agent }),
  ...(person === undefined ? {} : { person }),
});

const NOT_PENDING: Record<Exclude<ApprovalState, "pending">, string> = {
  approved: "This has been approved already.",
  reserved: "This has been approved already, and a token holds it.",
  spent: "This has been approved and used.",
  denied: "Somebody has said no to this.",
  expired: "The time to answer this has passed.",
};

/**
 * Lets only a request pass that waits for people.
 * @throws Fault `gone`
 */
export function requirePending(request: ApprovalRequest, now: number): void {
  const state = stateOf(request, now);
  if (state === "pending") return;
  throw new Fault("gone", NOT_PENDING[state], {
    record: { about: aboutAsked(request.asked), approval: request.id },
  });
}
