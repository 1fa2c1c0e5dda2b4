import type { Schema } from "./operations.ts";

/** A body that must be refused, and the headers that go with it. */
export interface MalformedBody {
  readonly name: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

const LIMIT = 256 * 1024;

/** Members that are neither kept nor shown: any text will do, it only equals something or does not. */
const COMPARED_ONLY = new Set(["replaces"]);

/** Everything that can be wrong with a JSON body of this schema. @param good one that is right */
export function malformedJson(schema: Schema, good: unknown): MalformedBody[] {
  const text = JSON.stringify(good);
  return [
    ...brokenTexts(text).map(([name, body]) => ({ name, body })),
    ...brokenBytes(text).map(([name, body]) => ({ name, body })),
    ...wrongTypes(text),
    ...(isObject(good) ? wrongMembers(schema, good) : []),
  ];
}

function brokenTexts(good: string): [string, string][] {
  const inner = good.slice(1, -1);
  const member = (json: string): string => `{${inner}${inner === "" ? "" : ","}${json}}`;
  return [
    ["an empty body", ""],
    ["white space only", " \n"],
    ["null", "null"],
    ["a number", "0"],
    ["a string", '"x"'],
    ["true", "true"],
    ["an array", "[]"],
    ["an object in an array", `[${good}]`],
    ["cut short", good.slice(0, -1)],
    ["trailing bytes", `${good}x`],
    ["trailing NUL", `${good}\0`],
    ["two bodies", good + good],
    ["a trailing comma", `{${inner},}`],
    ["single quotes", "{'a':1}"],
    ["a comment", `/* */${good}`],
    ["NaN", member('"a":NaN')],
    ["a hexadecimal number", member('"a":0x10')],
    ["a number with leading zero", member('"a":01')],
    ["a member twice", inner === "" ? '{"a":1,"a":1}' : `{${inner},${inner}}`],
    ["a member twice, once escaped", member('"a":1,"\\u0061":1')],
    ["an integer that JavaScript rounds", member('"a":9007199254740993')],
    ["a number beyond all bounds", member('"a":1e400')],
    ["an unknown member", member('"unknown_member":1')],
    ["__proto__", member('"__proto__":{"roles":["administrator"]}')],
    ["constructor", member('"constructor":{"prototype":{"admin":true}}')],
    ["toString", member('"toString":"x"')],
    ["an empty name", member('"":1')],
    ["a raw control character", member('"a":"\u0001"')],
    ["an unfinished escape", member('"a":"\\u12"')],
    ["a lone surrogate", member('"a":"\\ud800"')],
    ["arrays without end", "[".repeat(100_000)],
    ["objects without end", '{"a":'.repeat(20_000)],
    ["nested a thousand deep", member(`"a":${"[".repeat(1_000)}${"]".repeat(1_000)}`)],
    ["over the limit", member(`"a":"${"x".repeat(LIMIT)}"`)],
  ];
}

function brokenBytes(good: string): [string, Uint8Array][] {
  const bytes = Buffer.from(good);
  return [
    ["a byte order mark", Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes])],
    [
      "bytes that are no UTF-8",
      Buffer.concat([bytes.subarray(0, -1), Buffer.from(',"a":"\xff\xfe"}', "latin1")]),
    ],
    [
      "UTF-8 in too many bytes",
      Buffer.concat([bytes.subarray(0, -1), Buffer.from(',"a":"\xc0\xaf"}', "latin1")]),
    ],
    ["UTF-16", Buffer.from(good, "utf16le")],
    ["bytes of nothing", Buffer.alloc(64)],
  ];
}

const wrongTypes = (body: string): MalformedBody[] =>
  [
    "text/plain",
    "text/html",
    "multipart/form-data; boundary=x",
    "application/jsonx",
    "garbage",
    ";;",
    "application/*",
  ].map((type) => ({ name: `content-type ${type}`, body, headers: { "content-type": type } }));

function wrongMembers(schema: Schema, good: Readonly<Record<string, unknown>>): MalformedBody[] {
  const { properties = {}, required = [] } = schema;
  const replaced = (name: string, value: unknown, what: string): MalformedBody => ({
    name: `${name}: ${what}`,
    body: JSON.stringify({ ...good, [name]: value }),
  });
  const missing = required.map((name) => {
    const { [name]: _, ...rest } = good;
    return { name: `without ${name}`, body: JSON.stringify(rest) };
  });
  const wrong = Object.entries(properties).flatMap(([name, member]) => [
    ...[null, true, 1.5, "\u0000", [[]], [{ __proto__: 1 }], { unexpected: 1 }]
      .filter((value) => !mayBe(member, value))
      .map((value) => replaced(name, value, `is ${JSON.stringify(value)}`)),
    ...(mayBe(member, "") && !COMPARED_ONLY.has(name)
      ? [
          replaced(name, "with\u0000NUL", "a NUL"),
          replaced(name, "with\u0007bell", "a control character"),
          replaced(name, "safe\u202egnp.exe", "a change of direction"),
          replaced(name, "\ud800", "a lone surrogate"),
          replaced(name, "x".repeat(150_000), "very long"),
        ]
      : []),
    ...(mayBe(member, 1) ? [-1, 2 ** 60, 1.5].map((value) => replaced(name, value, `is ${value}`)) : []),
  ]);
  return [...missing, ...wrong];
}

/** Whether a schema's type has room for a value of this kind; what it says about the value itself is not asked. */
function mayBe(schema: Schema, value: unknown): boolean {
  if (schema.anyOf !== undefined) return schema.anyOf.some((each) => mayBe(each, value));
  if (schema.const !== undefined || schema.enum !== undefined)
    return schema.const === value || (schema.enum?.includes(value) ?? false);
  if (schema.additionalProperties === false && isObject(value)) return false;
  const types = [schema.type ?? []].flat();
  if (types.length === 0) return true;
  return types.some((type) => typesOf(value).includes(type) && !(Array.isArray(value) && value.length > 0));
}

function typesOf(value: unknown): string[] {
  if (value === null) return ["null"];
  if (Array.isArray(value)) return ["array"];
  if (typeof value === "number") return Number.isInteger(value) ? ["integer", "number"] : ["number"];
  return [typeof value];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
