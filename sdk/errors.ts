import type { JsonObject } from "@countersign/proof/jcs";

/** What is known about a refusal besides its sentence. */
export interface RefusalDetails {
  /** The server's own word for it: `invalid_grant`, `forbidden`, … */
  readonly code: string;
  /** HTTP status. */
  readonly status: number;
  /** What to do next, in one sentence, where the server says so. */
  readonly remedy?: string | undefined;
  /** Every other member of the answer; `event` names the record of the refusal in the log. */
  readonly members?: JsonObject | undefined;
}

/** What every error of this package is. */
export class CountersignError extends Error {}

/** The server cannot be reached, or answers something that is no answer. It may be asked again. */
export class Unreachable extends CountersignError {
  override readonly name: string = "Unreachable";
}

/** The server was asked and said no. The message is the server's. */
export class Refused extends CountersignError {
  override readonly name: string = "Refused";
  readonly code: string;
  readonly status: number;
  readonly remedy: string | undefined;
  readonly members: JsonObject;

  constructor(message: string, details: RefusalDetails) {
    super(message);
    this.code = details.code;
    this.status = details.status;
    this.remedy = details.remedy;
    this.members = details.members ?? {};
  }
}

/** One policy's reason for a denial. */
export interface Reason {
  /** The policy's id: `cost-write-forbidden`. */
  readonly policy: string;
  readonly reason: string;
}

/** Policy, or the chain of authority, forbids it. Asking again changes nothing until one of them changes. */
export class Denied extends Refused {
  override readonly name = "Denied";
  /** The recorded decision. */
  readonly decision: string | undefined;
  readonly reasons: readonly Reason[];
  /** Ids of the policies that forbid. */
  readonly policies: readonly string[];

  constructor(
    message: string,
    details: RefusalDetails & { decision?: string | undefined; reasons: Reason[] },
  ) {
    super(message, details);
    this.decision = details.decision;
    this.reasons = details.reasons;
    this.policies = details.reasons.map(({ policy }) => policy);
  }
}

/** A person must say yes first. The same request may be repeated every `interval` seconds. */
export class ApprovalPending extends Refused {
  override readonly name = "ApprovalPending";
  /** Id of the request that waits for a person. */
  readonly approval: string;
  /** Seconds to wait between two attempts. */
  readonly interval: number;

  constructor(message: string, details: RefusalDetails & { approval: string; interval: number }) {
    super(message, details);
    this.approval = details.approval;
    this.interval = details.interval;
  }
}
