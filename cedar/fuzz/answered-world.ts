import { type OracleAnswer, OracleRefusal, openOracle, type Texts } from "../oracle/oracle.ts";
import { textsOf } from "../oracle/texts.ts";
import type { World } from "./world.ts";

/** A world with what the oracle answers to each of its requests: all that is needed to judge an engine later. */
export interface AnsweredWorld {
  readonly world: World;
  /** The policies as text, by id, where the world gives them so. */
  readonly texts: Texts;
  /** In the order of the requests; undefined where the oracle takes the request or an entity for malformed. */
  readonly answers: readonly (OracleAnswer | undefined)[];
}

/** Asks the oracle everything. @returns undefined where it cannot read the policies themselves */
export function answer(world: World): AnsweredWorld | undefined {
  const { source, schema, entities, requests } = world;
  const texts = world.form === "text" ? unlessRefused(() => textsOf(source)) : {};
  // Some calls with too many arguments have a JSON form and no text.
  if (texts === undefined) return answer({ ...world, form: "json" });
  const oracle = unlessRefused(() => openOracle(source, schema, texts));
  if (oracle === undefined) return world.form === "text" ? answer({ ...world, form: "json" }) : undefined;
  const answers = requests.map((request) => unlessRefused(() => oracle.ask(request, entities)));
  return { world, texts, answers };
}

function unlessRefused<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof OracleRefusal) return undefined;
    throw error;
  }
}
