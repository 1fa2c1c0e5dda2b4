/** Requests for the benchmarks: each with its two entities in Cedar's JSON form, some allowed and some not. */
import type { EntityUid } from "@countersign/cedar";
import { GROUPS, tools } from "./policies.ts";

export interface Question {
  readonly request: {
    readonly principal: EntityUid;
    readonly action: EntityUid;
    readonly resource: EntityUid;
    readonly context: Readonly<Record<string, unknown>>;
  };
  /** The principal and the resource. */
  readonly entities: readonly EntityJson[];
}

export interface EntityJson {
  readonly uid: EntityUid;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly parents: readonly EntityUid[];
}

export const QUESTIONS = 64;

/** As many different questions, spread over the tools that so many policies name. */
export function questions(policies: number): Question[] {
  return Array.from({ length: QUESTIONS }, (_, i) => question(i, tools(policies)));
}

function question(i: number, toolCount: number): Question {
  const principal = { type: "User", id: `user${i}` };
  const resource = { type: i % 4 === 3 ? "Folder" : "Document", id: `document${i}` };
  const tool = i % 8 === 7 ? "unknown" : `tool${Math.floor((i * toolCount) / QUESTIONS)}`;
  const context = {
    risk: i % 16 === 5 ? 95 : i,
    count: (i * 13) % 60,
    amount: { __extn: { fn: "decimal", arg: `${i}.50` } },
  };
  return {
    request: { principal, action: { type: "Action", id: tool }, resource, context },
    entities: [
      user(principal, i),
      document(resource, i % 2 === 0 ? principal : { type: "User", id: "other" }, i),
    ],
  };
}

/** A person in two groups. */
export function user(uid: EntityUid, i: number): EntityJson {
  return {
    uid,
    attrs: { status: i % 20 === 19 ? "suspended" : "active", level: i % 5, email: `user${i}@example.com` },
    parents: [
      { type: "Group", id: `group${i % GROUPS}` },
      { type: "Group", id: `group${(i + 2) % GROUPS}` },
    ],
  };
}

/** A document that somebody owns. */
export function document(uid: EntityUid, owner: EntityUid, i: number): EntityJson {
  return {
    uid,
    attrs: {
      owner: { __entity: owner },
      name: `report-${i}`,
      labels: ["internal", `label${i % 4}`],
      size: i * 1000,
    },
    parents: [{ type: "Folder", id: `folder${i % 11}` }],
  };
}
