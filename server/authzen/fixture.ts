/** For tests only: an application of a few policies, ready to be asked without any database. */
import { type ApplicationDefinition, applicationDefinition } from "./application.ts";
import { type CompiledApplication, compileApplication } from "./compile-application.ts";
import { readApplication } from "./read-application.ts";

export const SCHEMA = `
entity Group in [Group];
entity User in [Group] { role?: String, level: Long, tags: Set<String>, boss?: User };
entity Folder in [Folder];
entity Document in [Folder] { owner: User, status: String, price?: decimal };
action read, edit appliesTo { principal: User, resource: Document };
action publish appliesTo {
  principal: User, resource: Document,
  context: { urgent?: Bool, action: { audience?: String } },
};
action report appliesTo { principal: User, resource: Folder };
`;

export const uid = (type: string, id: string) => ({ type, id });

const user = (id: string, attrs: object, groups: readonly string[] = []) => ({
  uid: uid("User", id),
  attrs: { level: 1, tags: [], ...attrs },
  parents: groups.map((group) => uid("Group", group)),
});

const document = (id: string, owner: string, status: string, folder = "open") => ({
  uid: uid("Document", id),
  attrs: { owner: { __entity: uid("User", owner) }, status },
  parents: [uid("Folder", folder)],
});

export const ENTITIES: readonly object[] = [
  { uid: uid("Group", "staff"), attrs: {}, parents: [] },
  { uid: uid("Group", "editors"), attrs: {}, parents: [uid("Group", "staff")] },
  { uid: uid("Folder", "open"), attrs: {}, parents: [] },
  { uid: uid("Folder", "secret"), attrs: {}, parents: [uid("Folder", "open")] },
  user("ann", { role: "admin", level: 3, tags: ["x"] }, ["staff"]),
  user("bob", { role: "writer", tags: ["x", "y"], boss: { __entity: uid("User", "ann") } }, ["editors"]),
  user("cid", { level: 2 }, ["editors"]),
  user("dee", { tags: ["y"] }),
  document("plan", "ann", "draft"),
  document("memo", "bob", "final"),
  document("file", "bob", "draft", "secret"),
];

const mapped = (type: string, ...properties: string[]) => ({ type, properties });
const action = (name: string, ...properties: string[]) => ({ action: name, properties });

export const MAPPING: ApplicationDefinition["mapping"] = {
  subjects: { user: mapped("User", "role", "level"), employee: mapped("User") },
  resources: { document: mapped("Document", "status", "price"), folder: mapped("Folder") },
  actions: {
    read: action("read"),
    edit: action("edit"),
    publish: action("publish", "audience"),
    report: action("report"),
  },
  context: ["urgent"],
};

/** A definition of these policies, each with an id of its own where it has none. */
export function definitionOf(policies: readonly string[], more: object = {}): ApplicationDefinition {
  const text = policies
    .map((policy, i) => (policy.includes("@id") ? policy : `@id("p${i}") @reason("Reason ${i}.") ${policy}`))
    .join("\n");
  return applicationDefinition.parse({
    schema: SCHEMA,
    policies: [{ name: "policies", text }],
    mapping: MAPPING,
    entities: ENTITIES,
    ...more,
  });
}

/** @throws Error with the first problem */
export async function applicationOf(
  policies: readonly string[],
  more: object = {},
): Promise<CompiledApplication> {
  const definition = definitionOf(policies, more);
  const answer = readApplication(definition);
  if ("problems" in answer) throw new Error(answer.problems[0]?.message);
  const head = { name: "files", number: 1, version: "av_test", services: definition.services };
  return compileApplication(head, definition, answer.read);
}

/** A question in few words: `ann read plan`. */
export const asks = (
  words: string,
  more: { subject?: object; action?: object; resource?: object; context?: object } = {},
) => {
  const [subject = "", name = "", resource = ""] = words.split(" ");
  return {
    subject: { type: "user", id: subject, ...wrapped(more.subject) },
    action: { name, ...wrapped(more.action) },
    resource: { type: name === "report" ? "folder" : "document", id: resource, ...wrapped(more.resource) },
    ...(more.context === undefined ? {} : { context: { ...more.context } }),
  };
};

const wrapped = (properties: object | undefined) =>
  properties === undefined ? {} : { properties: { ...properties } };
