import assert from "node:assert/strict";
import type { Report } from "../report.ts";
import { todoApplication } from "./applications.ts";
import type { EnforcementPoint } from "./enforcement-point.ts";
import { type Installation, serving } from "./installation.ts";
import { requirePlain } from "./structure.ts";
import { usersIn, type Vectors } from "./vectors.ts";

type Found = {
  results: { type: string; id: string }[];
  page?: { next_token: string; count: number };
};

const SUBJECT = "/access/v1/search/subject";
const todo = (ownerID: string) => ({ type: "todo", id: "todo-1", properties: { ownerID } });

/** Searches in the todo application: who may change a todo, by what the policies leave open. */
export async function searches(report: Report, on: Installation, vectors: Vectors): Promise<void> {
  const users = usersIn(vectors);
  const point = await serving(on, "todo-search", todoApplication(users));
  const idOf = (name: string): string => users.find(({ email }) => email.startsWith(name))?.id ?? name;
  const who = async (action: string, owner: string): Promise<string[]> => {
    const request = {
      subject: { type: "user", id: "ignored" },
      action: { name: action },
      resource: todo(owner),
    };
    return (await point.ask<Found>(SUBJECT, request)).results.map(({ id }) => id).sort();
  };
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ["can_read_todos", "morty@the-citadel.com", ["rick", "morty", "summer", "beth", "jerry"]],
    ["can_create_todo", "nobody@the-citadel.com", ["rick", "morty", "summer"]],
    ["can_update_todo", "morty@the-citadel.com", ["rick", "morty"]],
    ["can_delete_todo", "summer@the-smiths.com", ["rick", "summer"]],
    ["can_delete_todo", "beth@the-smiths.com", ["rick"]],
    ["can_fly", "beth@the-smiths.com", []],
  ];
  for (const [action, owner, names] of cases) {
    await report.case(`search: ${action} on ${owner}'s: ${names.join(", ") || "nobody"}`, async () =>
      assert.deepEqual(await who(action, owner), names.map(idOf).sort()),
    );
  }
  await pages(report, point);
  await unknown(report, point);
}

const READERS = {
  subject: { type: "user" },
  action: { name: "can_read_todos" },
  resource: { type: "todo", id: "todo-1" },
};

async function pages(report: Report, point: EnforcementPoint): Promise<void> {
  await report.case("search: pages of two hold everybody once, and the last has no token", async () => {
    const found: string[] = [];
    let token: string | undefined;
    do {
      const page = { limit: 2, ...(token !== undefined && { token }) };
      const answer = await point.ask<Found>(SUBJECT, { ...READERS, page });
      assert.equal(answer.page?.count, answer.results.length);
      found.push(...answer.results.map(({ id }) => id));
      token = answer.page?.next_token;
    } while (token !== "");
    assert.equal(found.length, 5);
    assert.equal(new Set(found).size, 5);
  });
  await report.case("search: a token leads nowhere in another search", async () => {
    const { page } = await point.ask<Found>(SUBJECT, { ...READERS, page: { limit: 2 } });
    const other = { ...READERS, action: { name: "can_create_todo" }, page: { token: page?.next_token } };
    requirePlain(await point.raw(SUBJECT, JSON.stringify(other)), 400);
  });
}

async function unknown(report: Report, point: EnforcementPoint): Promise<void> {
  const { subject, action, resource } = READERS;
  const nothing: readonly (readonly [string, string, object])[] = [
    ["subjects of an unknown type", "subject", { subject: { type: "ghost" }, action, resource }],
    [
      "subjects for an unknown resource type",
      "subject",
      { subject, action, resource: { type: "x", id: "1" } },
    ],
    [
      "resources of an unknown type",
      "resource",
      { subject: { type: "user", id: "x" }, action, resource: { type: "x" } },
    ],
    [
      "resources for an unknown subject",
      "resource",
      { subject: { type: "user", id: "x" }, action, resource: { type: "todo" } },
    ],
    ["actions of an unknown subject", "action", { subject: { type: "user", id: "x" }, resource }],
    [
      "actions on an unknown type",
      "action",
      { subject: { type: "user", id: "x" }, resource: { type: "x", id: "1" } },
    ],
  ];
  for (const [name, kind, body] of nothing) {
    await report.case(`search: ${name}: no results, and no error`, async () =>
      assert.deepEqual((await point.ask<Found>(`/access/v1/search/${kind}`, body)).results, []),
    );
  }
}
