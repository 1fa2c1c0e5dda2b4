import type { EntityUid, PolicySource, ValueJson } from "../policy-json.ts";
import type { Choice } from "./choice.ts";
import { drawEntities, type EntityJson } from "./entities.ts";
import { createWriter } from "./expression.ts";
import { ATTRIBUTES, ENTITY_IDS, STRANGER } from "./names.ts";
import { writePolicies } from "./policies.ts";
import { schemaOf } from "./schema.ts";
import { type ActionShape, drawType, drawUniverse, type Universe } from "./universe.ts";
import { drawUid, drawValue, type Form } from "./value.ts";

export interface RequestJson {
  readonly principal: EntityUid;
  readonly action: EntityUid;
  readonly resource: EntityUid;
  readonly context: { readonly [attribute: string]: ValueJson };
}

/** One policy set with everything that is asked of it. */
export interface World {
  /** How the policies are given: in Cedar's JSON or as text. */
  readonly form: "json" | "text";
  readonly schema?: ValueJson;
  /** Whether contexts leave to the schema what is an entity or an extension value. */
  readonly contexts: Form;
  readonly source: PolicySource;
  readonly entities: readonly EntityJson[];
  readonly requests: readonly RequestJson[];
}

export function drawWorld(choice: Choice, requests: number): World {
  const universe = withActions(choice);
  const writer = createWriter(choice, universe);
  const schema = choice.chance(50) ? schemaOf(choice, universe) : undefined;
  const entities = drawEntities(choice, universe, schema !== undefined);
  const contexts = schema !== undefined && choice.chance(50) ? "either" : "written";
  const conforming = schema !== undefined;
  const request = (): RequestJson => drawRequest({ choice, universe, entities, conforming, contexts });
  return {
    form: choice.chance(15) ? "text" : "json",
    ...(schema === undefined ? {} : { schema }),
    contexts,
    source: writePolicies(writer),
    entities,
    requests: Array.from({ length: requests }, request),
  };
}

/** Some draw no action that can be asked for; then nothing could be asked. */
function withActions(choice: Choice): Universe {
  for (;;) {
    const universe = drawUniverse(choice);
    if (universe.actions.length > 0) return universe;
  }
}

/** Of what requests are drawn. */
interface Ground {
  readonly choice: Choice;
  readonly universe: Universe;
  readonly entities: readonly EntityJson[];
  /** Whether requests are as the schema says. */
  readonly conforming: boolean;
  readonly contexts: Form;
}

function drawRequest(ground: Ground): RequestJson {
  const { choice, universe, conforming } = ground;
  const action = choice.one(universe.actions);
  return {
    principal: drawPart(ground, action.principals),
    action: !conforming && choice.chance(5) ? { type: "Action", id: "unheard of" } : { ...action.uid },
    resource: drawPart(ground, action.resources),
    context: drawContext(ground, action),
  };
}

/** A principal or a resource: mostly a stored entity of a fitting type. */
function drawPart({ choice, universe, entities }: Ground, types: readonly string[]): EntityUid {
  if (choice.chance(5)) return { type: STRANGER, id: choice.one(ENTITY_IDS) };
  const stored = entities.map(({ uid }) => ("__entity" in uid ? uid.__entity : uid));
  const fitting = stored.filter(({ type }) => types.includes(type));
  if (fitting.length > 0 && choice.chance(85)) return { ...choice.one(fitting) };
  return drawUid(choice, universe, choice.one(types));
}

/** As the action declares it; without a schema sometimes otherwise. */
function drawContext(
  { choice, universe, conforming, contexts }: Ground,
  { context }: ActionShape,
): RequestJson["context"] {
  const declared = drawValue(choice, universe, context, contexts) as RequestJson["context"];
  if (conforming || choice.chance(70)) return declared;
  const kept = choice.some(Object.entries(declared), 60);
  const stray = drawValue(choice, universe, drawType(choice, 2), "written");
  return Object.fromEntries([...kept, [choice.one(ATTRIBUTES), stray]]);
}
