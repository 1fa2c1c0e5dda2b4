import { longFrom } from "../long.ts";
import type { EntityUid, ValueJson } from "../policy-json.ts";
import type { Choice } from "./choice.ts";
import { ATTRIBUTES, CHARACTERS, ENTITY_IDS } from "./names.ts";
import type { CedarType, Extension, RecordType } from "./type.ts";
import type { Universe } from "./universe.ts";

/** `written`: extensions and entities carry their marks. `either`: a schema says what they are, so they need not. */
export type Form = "written" | "either";

/** A value of a type, as Cedar's JSON writes data. */
export function drawValue(choice: Choice, universe: Universe, type: CedarType, form: Form): ValueJson {
  if (type.kind === "Bool") return choice.chance(50);
  if (type.kind === "Long") return drawLong(choice);
  if (type.kind === "String") return drawString(choice);
  if (type.kind === "Set") {
    const most = choice.chance(10) ? 24 : 3;
    return choice.many(0, most, () => drawValue(choice, universe, type.element, form));
  }
  if (type.kind === "Record") return drawRecord(choice, universe, type, form);
  if (type.kind === "Entity") {
    const uid = drawUid(choice, universe, type.name);
    return form === "either" && choice.chance(50) ? { ...uid } : { __entity: { ...uid } };
  }
  const arg = drawExtensionText(choice, type.kind);
  return form === "either" && choice.chance(50) ? arg : drawCall(choice, type.kind, arg);
}

/** The call that makes an extension value: with one argument or a list of them; a moment perhaps by its distance. */
function drawCall(choice: Choice, kind: Extension, arg: string): ValueJson {
  const made = { __extn: { fn: CONSTRUCTORS[kind], ...(choice.chance(10) ? { args: [arg] } : { arg }) } };
  if (kind !== "datetime" || !choice.chance(10)) return made;
  return { __extn: { fn: "offset", args: [made, { __extn: { fn: "duration", arg: "-1d2h" } }] } };
}

function drawRecord(choice: Choice, universe: Universe, type: RecordType, form: Form): ValueJson {
  const present = [...type.attributes].filter(([, { required }]) => required || choice.chance(60));
  return Object.fromEntries(
    present.map(([name, attribute]) => [name, drawValue(choice, universe, attribute.type, form)]),
  );
}

/** An entity of a type: of those that may be stored, so that it often is. */
export function drawUid(choice: Choice, universe: Universe, type: string): EntityUid {
  return { type, id: choice.one(universe.entities.get(type)?.ids ?? ENTITY_IDS) };
}

const EDGES = [
  2n ** 31n,
  2n ** 32n,
  3037000499n,
  3037000500n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 62n,
  2n ** 63n - 2n,
  2n ** 63n - 1n,
] as const;

/** Small ones, so that two are equal now and then, and those at which arithmetic goes wrong. */
export function drawLong(choice: Choice): number | bigint {
  return choice.weighted<number | bigint>([
    [6, () => choice.int(-3, 3)],
    [1, () => choice.int(-100000, 100000)],
    [3, () => drawEdge(choice)],
    [1, () => longFrom(choice.bigint(-(2n ** 63n), 2n ** 63n - 1n))],
  ]);
}

export const drawEdge = (choice: Choice): number | bigint =>
  longFrom(choice.chance(50) ? choice.one(EDGES) : -1n - choice.one(EDGES) + choice.bigint(0n, 1n));

export function drawString(choice: Choice): string {
  return choice.weighted<string>([
    [2, () => choice.one(ENTITY_IDS)],
    [1, () => choice.one(ATTRIBUTES)],
    [3, () => choice.many(0, 5, () => choice.one(CHARACTERS)).join("")],
  ]);
}

export const CONSTRUCTORS = {
  decimal: "decimal",
  ipaddr: "ip",
  datetime: "datetime",
  duration: "duration",
} as const satisfies Record<Extension, string>;

const TEXTS = {
  decimal: ["0.0", "1.0", "1.00", "-1.0", "01.5", "1.2345", "922337203685477.5807", "-922337203685477.5808"],
  ipaddr: [
    "127.0.0.1",
    "127.0.0.1/8",
    "10.1.2.3",
    "10.0.0.0/8",
    "0.0.0.0/0",
    "224.0.0.1",
    "::1",
    "::/0",
    "ff02::1",
    "2001:db8::/32",
    "2001:DB8::1",
  ],
  datetime: [
    "1970-01-01",
    "2024-02-29",
    "2024-02-29T00:00:00Z",
    "2024-02-29T23:59:59.999Z",
    "2024-02-29T05:30:00+0530",
    "1969-12-31T23:59:59.999Z",
    "0000-01-01",
    "9999-12-31T23:59:59.999-2359",
  ],
  duration: [
    "0ms",
    "1ms",
    "-1ms",
    "1d",
    "24h",
    "-1d2h3m4s5ms",
    "90m",
    "86400s",
    "9223372036854775807ms",
    "-9223372036854775808ms",
  ],
} as const satisfies Record<Extension, readonly string[]>;

/** Texts that no extension type has, or that look as if. */
const WRONG_TEXTS = [
  "",
  "1",
  "1.",
  ".5",
  "1.23456",
  "922337203685477.5808",
  "256.0.0.1",
  "127.0.0.1/33",
  "1::2::3",
  "2023-02-29",
  "2024-02-29T24:00:00Z",
  "1d1d",
  "1s1m",
  "9223372036854775808ms",
  "-",
  " 1.0",
] as const;

export const drawExtensionText = (choice: Choice, kind: Extension): string => choice.one(TEXTS[kind]);
export const drawWrongText = (choice: Choice): string => choice.one(WRONG_TEXTS);
