/** A form as it goes over the wire: names and values, percent-encoded already. */
export type Pairs = readonly (readonly [name: string, encoded: string])[];

/** What is wrong with a parameter. */
export type Wrong =
  | "missing"
  | "empty"
  | "twice"
  | "100 KB"
  | "NUL"
  | "no UTF-8"
  | "broken JSON"
  | "other JSON"
  | "deep JSON"
  | "__proto__"
  | "a huge number"
  | "a foreign URL";

const DEEP = encodeURIComponent("[".repeat(5_000));

/** What stands in a parameter's place, as it is encoded; more than one value, or none. */
const PUT: Readonly<Record<Wrong, (good: string) => readonly string[]>> = {
  missing: () => [],
  empty: () => [""],
  twice: (good) => [good, good],
  "100 KB": () => ["x".repeat(100_000)],
  NUL: (good) => [`${good}%00`],
  "no UTF-8": (good) => [`${good}%ff%fe`],
  "broken JSON": () => ["%5B%7B"],
  "other JSON": () => [encodeURIComponent('{"a":[null,1.5]}')],
  "deep JSON": () => [DEEP],
  __proto__: () => [encodeURIComponent('[{"__proto__":{"roles":["administrator"]}}]')],
  "a huge number": () => ["9".repeat(400)],
  "a foreign URL": () => [encodeURIComponent("https://evil.example/%00?a=b")],
};

const WRONGS = Object.keys(PUT) as readonly Wrong[];
const OF_JSON: ReadonlySet<Wrong> = new Set(["broken JSON", "deep JSON", "__proto__"]);
const READ_AS_JSON = new Set(["authorization_details", "request_details"]);

/** What can be wrong with a parameter of this name: where nobody reads JSON, one text of it does for all. */
export const wrongsOf = (name: string): readonly Wrong[] =>
  WRONGS.filter((wrong) => READ_AS_JSON.has(name) || !OF_JSON.has(wrong));

/** Refused by whoever reads the form, before anybody asks what it is about. */
export const UNREADABLE: ReadonlySet<Wrong> = new Set(["twice", "NUL", "no UTF-8"]);

/** The form with one of its parameters spoilt. One that it does not have is added. */
export function spoilt(form: Readonly<Record<string, string>>, name: string, wrong: Wrong): string {
  const pairs: Pairs = Object.entries(form).map(([each, value]) => [each, encodeURIComponent(value)]);
  const good = encodeURIComponent(form[name] ?? "");
  return [
    ...pairs.filter(([each]) => each !== name),
    ...PUT[wrong](good).map((value) => [name, value] as const),
  ]
    .map(([each, value]) => `${each}=${value}`)
    .join("&");
}
