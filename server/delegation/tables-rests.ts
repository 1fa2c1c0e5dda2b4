import type { Kysely, Selectable } from "kysely";
import type { Migration } from "../database/index.ts";

/** Tables of several rooms as they are at this step: what comes after must not change what it does. */
interface Before {
  delegation: {
    id: string;
    from_principal: string;
    to_agent: string;
    depth: number;
    made_at: number;
    ended_at: number | null;
    rests: string | null;
  };
  agent: { name: string; class: string };
  person: { id: string; epoch: number };
  revocation: { seq: number; key: string; at: number; why: string };
  revocation_block: { subject: string; epoch: number };
}

type Rows = Kysely<Before>;
type Edge = Pick<
  Selectable<Before["delegation"]>,
  "id" | "from_principal" | "to_agent" | "depth" | "made_at" | "rests"
>;

/** What was ever taken away and can be given back: when it last was, and the key that died with it. */
type Lost = ReadonlyMap<string, { readonly key: string; readonly at: number }>;

const PAGE = 500;
/** Why keys died that end what their holder was given. */
const LOSSES = ["agent suspended", "person suspended", "blocked"];

/**
 * What was delegated before delegations rested on whoever holds them rests on her, his or its from now on: the
 * agent's access, its class, and at the root the person. Whoever lost access since it was made, and is back or
 * will be, finds it dead: it carries the key that died then.
 */
export const restsWritten: Migration = {
  name: "delegation/0012-rests-of-holders",
  async up(_schema, _types, connection) {
    const rows = connection as unknown as Rows;
    const lost = await lossesOf(rows);
    let page: Edge[] = [];
    let after = "";
    do {
      page = await openEdges(rows, after);
      await writeRests(rows, page.filter(isOld), lost);
      after = page.at(-1)?.id ?? after;
    } while (page.length === PAGE);
  },
};

const openEdges = (rows: Rows, after: string): Promise<Edge[]> =>
  rows
    .selectFrom("delegation")
    .select(["id", "from_principal", "to_agent", "depth", "made_at", "rests"])
    .where("ended_at", "is", null)
    .where("id", ">", after)
    .orderBy("id")
    .limit(PAGE)
    .execute();

const restsOf = ({ rests }: Edge): string[] => (rests === null ? [] : (JSON.parse(rests) as string[]));

const isOld = (edge: Edge): boolean =>
  !restsOf(edge).some((key) => key.startsWith(`agent:${edge.to_agent}/access#`));

/** The last of each that was lost, by what stands before its epoch. */
async function lossesOf(rows: Rows): Promise<Lost> {
  const told = rows.selectFrom("revocation").select(["key", "at"]).where("why", "in", LOSSES);
  const dead = await told.orderBy("seq").execute();
  return new Map(dead.map((row) => [row.key.slice(0, row.key.lastIndexOf("#")), row]));
}

async function writeRests(rows: Rows, edges: readonly Edge[], lost: Lost): Promise<void> {
  if (edges.length === 0) return;
  const names = [...new Set(edges.map(({ to_agent }) => to_agent))];
  const agents = await rows
    .selectFrom("agent")
    .select(["name", "class"])
    .where("name", "in", names)
    .execute();
  const classes = new Map(agents.map((agent) => [agent.name, `class:${agent.class}`]));
  const givers = [...new Set(edges.map(({ from_principal }) => from_principal))];
  const epochs = new Map([
    ...(await epochsOfPeople(rows, givers)),
    ...(await epochsOfClasses(rows, [...new Set(classes.values())])),
  ]);
  for (const edge of edges) {
    const rests = JSON.stringify([
      ...new Set([...restsOf(edge), ...holdersOf(edge, { classes, epochs, lost })]),
    ]);
    await rows.updateTable("delegation").set({ rests }).where("id", "=", edge.id).execute();
  }
}

interface Standing {
  readonly classes: ReadonlyMap<string, string>;
  /** Of people and classes, by `person:…` and `class:…`. */
  readonly epochs: ReadonlyMap<string, number>;
  readonly lost: Lost;
}

/** Its holder's access begins at 0, with the step that made it. Agents, classes and people are told apart by keys. */
function holdersOf(edge: Edge, { classes, epochs, lost }: Standing): string[] {
  const kind = classes.get(edge.to_agent);
  const ofClass = kind === undefined ? [] : [kind];
  const person = `person:${edge.from_principal}`;
  const hers = edge.depth === 1 && epochs.has(person) ? [person] : [];
  const since = [`agent:${edge.to_agent}`, ...ofClass, ...hers].flatMap((subject) => {
    const loss = lost.get(subject);
    return loss !== undefined && loss.at >= edge.made_at ? [loss.key] : [];
  });
  const now = [...ofClass, ...hers].map((subject) => `${subject}#${epochs.get(subject) ?? 0}`);
  return [`agent:${edge.to_agent}/access#0`, ...now, ...since];
}

async function epochsOfPeople(rows: Rows, ids: readonly string[]): Promise<[string, number][]> {
  const people = await rows.selectFrom("person").select(["id", "epoch"]).where("id", "in", ids).execute();
  return people.map(({ id, epoch }) => [`person:${id}`, epoch]);
}

async function epochsOfClasses(rows: Rows, subjects: readonly string[]): Promise<[string, number][]> {
  const blocks = rows.selectFrom("revocation_block").select(["subject", "epoch"]);
  const found = subjects.length === 0 ? [] : await blocks.where("subject", "in", subjects).execute();
  return found.map(({ subject, epoch }) => [subject, epoch]);
}
