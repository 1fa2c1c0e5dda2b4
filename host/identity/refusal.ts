/** Why a process gets nothing: `code` for machines and for the log, the message for people. */
export interface Refusal {
  readonly code: string;
  readonly reason: string;
}

export const NO_ENTRY: Refusal = {
  code: "no_entry",
  reason: "No entry of this host covers what this process is.",
};

export const EXITED: Refusal = { code: "peer_exited", reason: "The process has exited." };

/** What measuring a process threw, as a refusal: whatever cannot be measured is nobody. */
export function refusalOf(cause: unknown): Refusal {
  const { code, message } = (cause instanceof Error ? cause : {}) as { code?: unknown; message?: string };
  return {
    code: typeof code === "string" ? code : "unmeasurable",
    reason: message ?? "The process cannot be measured.",
  };
}

export const PID_REUSED: Refusal = { code: "pid_reused", reason: "Another process was measured." };

export const SHARED_INSTANCE: Refusal = {
  code: "instance_shared",
  reason: "The identity that was issued is another process's.",
};

export const NOT_YOURS: Refusal = { code: "not_yours", reason: "This process has no such identity." };

export const ENDED: Refusal = {
  code: "instance_ended",
  reason: "The control plane has ended this running copy.",
};
