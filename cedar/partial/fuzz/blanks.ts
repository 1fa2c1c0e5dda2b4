import type { RequestJson, World } from "../../fuzz/world.ts";
import type { EntityUid, ValueJson } from "../../policy-json.ts";
import type { Known, PartialRequest } from "../request.ts";
import { uidsOf } from "./open-world.ts";

/** For tests: a request with parts left out, and ways to fill them in again. */
export interface Blanked {
  readonly partial: PartialRequest;
  /** Each with the whole request that it makes; the first one makes the request that was blanked. */
  readonly fillings: readonly { readonly known: Known; readonly whole: RequestJson }[];
}

/** Numbers that decide what happens, drawn and made smaller by fast-check. */
export type Dice = () => number;

type Context = RequestJson["context"];
type Path = readonly string[];

/** Leaves out some parts of a request, and fills them in with what was there and with other things. */
export function blank(world: World, request: RequestJson, dice: Dice): Blanked {
  const paths = drawPaths(request.context, dice);
  const places = (["principal", "action", "resource"] as const).filter(() => dice() % 2 === 0);
  const typed = dice() % 2 === 0;
  const unknowns = Object.fromEntries(
    places.map((place) => [place, { unknown: typed ? request[place].type : undefined }]),
  );
  const context = paths.reduce<Context>(without, request.context);
  const partial = { ...request, context, unknowns: paths, ...unknowns };
  const fillings = [request, drawOther(), drawOther(), drawOther()].map((other) => {
    const given = paths.reduce<Context>(
      (made, path) => withMember(made, path, valueAt(other.context, path)),
      {},
    );
    const entities = Object.fromEntries(places.map((place) => [place, other[place]]));
    const whole = paths.reduce<Context>(
      (made, path) => withMember(made, path, valueAt(other.context, path)),
      context,
    );
    return { known: { ...entities, context: given }, whole: { ...request, ...entities, context: whole } };
  });
  return { partial, fillings };

  function drawOther(): RequestJson {
    const other = world.requests[dice() % world.requests.length] ?? request;
    const entity = (uid: EntityUid): EntityUid => {
      const choices = [...uidsOf(world), uid, { type: uid.type, id: "nobody" }];
      const fitting = typed ? choices.filter(({ type }) => type === uid.type) : choices;
      return fitting[dice() % fitting.length] ?? uid;
    };
    return {
      principal: entity(request.principal),
      action:
        dice() % 2 === 0 && (!typed || other.action.type === request.action.type)
          ? other.action
          : entity(request.action),
      resource: entity(request.resource),
      context: dice() % 3 === 0 ? {} : other.context,
    };
  }
}

/** Some members, at any depth, none of them within another; sometimes one that is not there. */
function drawPaths(context: Context, dice: Dice): Path[] {
  if (dice() % 12 === 0) return [[]];
  const absent = dice() % 4 === 0 ? [["absent"]] : [];
  const chosen = [...pathsIn(context, []), ...absent].filter(() => dice() % 3 === 0);
  return chosen.filter(
    (path) => !chosen.some((other) => other.length < path.length && startsWith(path, other)),
  );
}

function pathsIn(record: Context, above: Path): Path[] {
  return Object.entries(record).flatMap(([name, value]) => {
    const path = [...above, name];
    return isRecordJson(value) ? [path, ...pathsIn(value, path)] : [path];
  });
}

function startsWith(path: Path, start: Path): boolean {
  return start.every((name, index) => path[index] === name);
}

function isRecordJson(value: ValueJson | undefined): value is Context {
  if (typeof value !== "object" || Array.isArray(value)) return false;
  return !Object.hasOwn(value, "__entity") && !Object.hasOwn(value, "__extn");
}

function valueAt(record: Context, path: Path): ValueJson | undefined {
  const [name, ...rest] = path;
  if (name === undefined) return record;
  const value = Object.hasOwn(record, name) ? record[name] : undefined;
  if (rest.length === 0) return value;
  return isRecordJson(value) ? valueAt(value, rest) : undefined;
}

function without(record: Context, path: Path): Context {
  const [name, ...rest] = path;
  if (name === undefined) return {};
  return Object.fromEntries(
    Object.entries(record).flatMap(([each, value]) => {
      if (each !== name) return [[each, value]];
      return rest.length > 0 && isRecordJson(value) ? [[each, without(value, rest)]] : [];
    }),
  );
}

/** A copy with the member set, and records made on the way to it; nothing is set where there is no value. */
function withMember(record: Context, path: Path, value: ValueJson | undefined): Context {
  const [name, ...rest] = path;
  if (value === undefined) return record;
  if (name === undefined) return value as Context;
  const before = Object.hasOwn(record, name) ? record[name] : undefined;
  const set = rest.length === 0 ? value : withMember(isRecordJson(before) ? before : {}, rest, value);
  return Object.fromEntries([...Object.entries(record).filter(([each]) => each !== name), [name, set]]);
}
