import { readFileSync } from "node:fs";
import type { User } from "./vectors.ts";

/** What is put at `/authzen/applications/…`, but for the services that may ask. */
export interface Definition {
  readonly schema: string;
  readonly policies: readonly { readonly name: string; readonly text: string }[];
  readonly mapping: object;
  readonly entities: readonly object[];
}

const textOf = (file: string): string => readFileSync(new URL(file, import.meta.url), "utf8");

const written = (name: string) => ({
  schema: textOf(`${name}.cedarschema`),
  policies: [{ name, text: textOf(`${name}.cedar`) }],
});

const mapped = (type: string, ...properties: string[]) => ({ type, properties });

/** Actions that are called the same on both sides. */
const actions = (...names: string[]) =>
  Object.fromEntries(names.map((name) => [name, { action: name, properties: [] as string[] }]));

const uid = (type: string, id: string) => ({ type, id });

/** Users in their roles, every role within `member`. */
const directoryOf = (users: readonly User[]): object[] => [
  ...["admin", "evil_genius", "editor", "viewer"].map((role) => ({
    uid: uid("Role", role),
    attrs: {},
    parents: [uid("Role", "member")],
  })),
  { uid: uid("Role", "member"), attrs: {}, parents: [] },
  ...users.map(({ id, email, roles }) => ({
    uid: uid("User", id),
    attrs: { email },
    parents: roles.map((role) => uid("Role", role)),
  })),
];

/** The todo application of the interop events: it is told whose a todo is. */
export const todoApplication = (users: readonly User[]): Definition => ({
  ...written("todo"),
  mapping: {
    subjects: { user: mapped("User") },
    resources: { user: mapped("User"), todo: mapped("Todo", "ownerID") },
    actions: actions(
      "can_read_user",
      "can_read_todos",
      "can_create_todo",
      "can_update_todo",
      "can_delete_todo",
    ),
  },
  entities: directoryOf(users),
});

/** The API gateway of the interop events: routes and methods. */
export const gatewayApplication = (users: readonly User[]): Definition => ({
  ...written("gateway"),
  mapping: {
    subjects: { identity: mapped("User") },
    resources: { route: mapped("Route") },
    actions: actions("GET", "POST", "PUT", "DELETE"),
  },
  entities: directoryOf(users),
});

/** The fixture of the certification scenario. */
export const certificationApplication = (): Definition => ({
  ...written("certification"),
  mapping: {
    subjects: { user: mapped("User", "role") },
    resources: { record: mapped("Record", "status") },
    actions: { ...actions("read", "write"), delete: { action: "delete", properties: ["soft"] } },
  },
  entities: [
    { uid: uid("User", "alice"), attrs: {}, parents: [] },
    { uid: uid("User", "bob"), attrs: { role: "admin" }, parents: [] },
    { uid: uid("Record", "record-1"), attrs: { status: "active" }, parents: [] },
    { uid: uid("Record", "record-2"), attrs: { status: "archived" }, parents: [] },
  ],
});
