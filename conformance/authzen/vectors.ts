import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Skipped } from "../report.ts";

/** A subject or a resource as AuthZEN writes it. */
export interface Entity {
  readonly type: string;
  readonly id: string;
  readonly properties?: Readonly<Record<string, unknown>>;
}

interface Request {
  readonly subject: Entity;
  readonly action: { readonly name: string };
  readonly resource?: Entity;
  readonly evaluations?: readonly { readonly resource: Entity }[];
}

/** A question with the answer that the interop event agreed on. */
export interface Vector<Expected> {
  readonly request: Request;
  readonly expected: Expected;
}

export interface Vectors {
  readonly evaluation: readonly Vector<boolean>[];
  readonly evaluations?: readonly Vector<readonly { readonly decision: boolean }[]>[];
}

const FOLDER =
  process.env.COUNTERSIGN_VECTORS ?? fileURLToPath(new URL("../../../shared/vectors", import.meta.url));

/** The decisions of the interop events. @throws Skipped where they are not at hand */
export function vectorsIn(file: "todo-1_0-02.json" | "gateway.json"): Vectors {
  const path = join(FOLDER, "authzen", file);
  if (!existsSync(path)) throw new Skipped("no vectors");
  return JSON.parse(readFileSync(path, "utf8")) as Vectors;
}

/** Who the users of the interop events are, by the beginning of what their ids decode to. */
const USERS: readonly (readonly [beginning: string, email: string, roles: readonly string[]])[] = [
  ["fd0614d3", "rick@the-citadel.com", ["admin", "evil_genius"]],
  ["fd1614d3", "morty@the-citadel.com", ["editor"]],
  ["fd2614d3", "summer@the-smiths.com", ["editor"]],
  ["fd3614d3", "beth@the-smiths.com", ["viewer"]],
  ["fd4614d3", "jerry@the-smiths.com", ["viewer"]],
];

/** A subject of the vectors, as the directory knows it. */
export interface User {
  readonly id: string;
  readonly email: string;
  readonly roles: readonly string[];
}

/** Everybody who asks in these vectors. */
export function usersIn({ evaluation }: Vectors): User[] {
  const ids = new Set(evaluation.map(({ request }) => request.subject.id));
  return [...ids].map((id) => {
    const decoded = Buffer.from(id, "base64").toString("latin1");
    const known = USERS.find(([beginning]) => decoded.includes(beginning));
    if (known === undefined) throw new Error(`the vectors have another user: ${id}`);
    return { id, email: known[1], roles: known[2] };
  });
}

/** The same question asked by somebody of another name. */
export const renamed = <Expected>(
  { request, expected }: Vector<Expected>,
  nameOf: (id: string) => string,
): Vector<Expected> => ({
  request: { ...request, subject: { ...request.subject, id: nameOf(request.subject.id) } },
  expected,
});
