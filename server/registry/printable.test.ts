import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { emailAddress, printableName, printableText, technicalWord } from "./printable.ts";
import { resourceUrl } from "./service.ts";
import { principalName, RESERVED_NAMES, shortName } from "./taxonomy.ts";

const takes = (schema: { safeParse(value: unknown): { success: boolean } }, value: unknown): boolean =>
  schema.safeParse(value).success;

const HOSTILE = [
  "",
  " Ada",
  "Ada ",
  "Ada\u0000",
  "Ada\nLovelace",
  "Ada\u202Eecalevol",
  "Ada\u2066x",
  "Ada\u200B",
  "Ada\uFEFF",
  "Ada\u2028",
  "Ada\uD800",
  "<b>Ada</b>",
  "Robert'); DROP TABLE person;--",
  "' OR '1'='1",
  "admin'--",
  "a".repeat(121),
  42,
  null,
  ["Ada"],
];

for (const name of HOSTILE) {
  test(`no person is called ${JSON.stringify(name)?.slice(0, 40)}`, () =>
    assert.equal(takes(printableName, name), false));
}

for (const name of [
  "Ada Lovelace",
  "O'Brien",
  "María José",
  "李小龍",
  "Jean-Luc Picard (Enterprise)",
  "R&D",
  "Owen 2nd",
]) {
  test(`a person may be called ${name}`, () => assert.equal(takes(printableName, name), true));
}

test("what looks the same is the same name", () => {
  assert.equal(printableName.parse("Jose\u0301"), printableName.parse("José"));
});

test("a purpose has lines and any language, but nothing that hides or marks up", () => {
  const purpose = printableText(100);
  assert.ok(takes(purpose, "Prüft Rechnungen;\nselect the best, drop the rest."));
  for (const text of ["", "a\u0007", "a\u202Eb", "<script>", "a\u200Db", "a".repeat(101)])
    assert.ok(!takes(purpose, text), text);
});

test("no text that is taken has a character that does not show", () => {
  const purpose = printableText(50);
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 20 }), (text) => {
      const result = purpose.safeParse(text);
      if (result.success)
        assert.doesNotMatch(result.data.replaceAll(/[\n\t]/g, ""), /[\p{C}\p{Zl}\p{Zp}<>]/u);
    }),
    { numRuns: 300 },
  );
});

test("names of principals follow the naming rule, and none of them reads as somebody else", () => {
  for (const name of ["abc", "report-writer", "a1b", "a".repeat(63)])
    assert.ok(takes(principalName, name), name);
  const wrong = [
    "a",
    "ab",
    "-ab",
    "ab-",
    "Abc",
    "a_b",
    "a.b",
    "a/b",
    "a b",
    "ábc",
    "abc\n",
    "a".repeat(64),
    "person_1",
  ];
  for (const name of [...wrong, ...RESERVED_NAMES]) assert.ok(!takes(principalName, name), name);
  assert.ok(takes(shortName, "hr"));
  assert.ok(!takes(shortName, "h"));
});

test("mail addresses are plain, and one address whatever its case", () => {
  assert.equal(emailAddress.parse("Ada@Example.COM"), "ada@example.com");
  for (const text of ["ada", "ada@", "@x.y", "a b@x.y", "ada@x", '"a"@x.y', "ada@x..y", "ada@x.y\n"]) {
    assert.ok(!takes(emailAddress, text), text);
  }
});

test("technical words are words, not paths out of somewhere or markup", () => {
  for (const word of ["eu-central-1", "1.2.3+build", "ghcr.io/acme/agent@sha256:abc", "gpt-5"])
    assert.ok(takes(technicalWord, word), word);
  for (const word of ["", ".hidden", "a b", "<x>", "a\u0000", "a".repeat(129)])
    assert.ok(!takes(technicalWord, word), word);
});

test("a resource is one canonical https URL, so that one audience has one name", () => {
  for (const url of [
    "https://a.example",
    "https://a.example/",
    "https://a.example/mcp",
    "http://localhost:4700/mcp",
  ]) {
    assert.ok(takes(resourceUrl, url), url);
  }
  const wrong = [
    "http://a.example/",
    "https://A.example/",
    "https://a.example/../b",
    "https://a.example/#x",
    "https://a.example/?q",
  ];
  for (const url of [...wrong, "https://u:p@a.example/", "ftp://a/", "a", "https://a.example:443/"])
    assert.ok(!takes(resourceUrl, url), url);
});
