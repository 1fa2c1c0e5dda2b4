import type { MalformedBody } from "./malformed-json.ts";

const LIMIT = 256 * 1024;

/** Everything that can be wrong with a form at the token service. */
export const malformedForms = (): MalformedBody[] =>
  (
    [
      ["an empty body", ""],
      ["no parameters", "&&&=&"],
      ["a parameter twice", "grant_type=client_credentials&grant_type=client_credentials&token=a&token=a"],
      ["broken percent signs", "grant_type=%zz&token=%zz%"],
      ["a NUL", "grant_type=client%00credentials&token=%00"],
      ["bytes that are no UTF-8", "grant_type=%ff%fe&token=%ff%fe"],
      ["an unknown grant", "grant_type=password&username=root&password=root&token=x"],
      ["an unauthenticated client", "grant_type=client_credentials&token=x"],
      ["__proto__", "__proto__=x&grant_type=client_credentials&token=x"],
      ["a very long name", `${"x".repeat(5_000)}=1&token=x`],
      ["over the limit", `token=${"x".repeat(LIMIT)}`],
      ["an assertion of garbage", assertion("a.b.c")],
      ["an assertion without a signature", assertion("eyJhbGciOiJub25lIn0.e30.")],
      ["a very long assertion", assertion("x".repeat(100_000))],
      ["authorization_details of garbage", `${assertion("a.b.c")}&authorization_details=%5B%7B`],
      ["JSON", '{"grant_type":"client_credentials"}', "application/json"],
      ["no content type that is known", "grant_type=client_credentials", "text/plain"],
    ] as const
  ).map(([name, body, type]) => ({
    name,
    body,
    ...(type === undefined ? {} : { headers: { "content-type": type } }),
  }));

const assertion = (jws: string): string =>
  `grant_type=client_credentials&token=x&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=${jws}`;

/** Everything that can be wrong with a manifest. */
export const malformedManifests = (): MalformedBody[] =>
  (
    [
      ["a word", "hello"],
      ["a list of nothing", "- - -"],
      ["a tab", "\tkind: Agent"],
      ["an unfinished quote", 'kind: "Agent'],
      ["a member twice", "kind: Agent\nkind: Team\n"],
      ["an unknown kind", "kind: Backdoor\nname: x\n"],
      ["a document without a kind", "name: x\n"],
      ["a code tag", "!!js/function 'function () {}'"],
      ["a binary tag", "kind: !!binary aGVsbG8=\n"],
      ["__proto__", "kind: Team\n__proto__: {admin: true}\n"],
      ["merge keys", "base: &base {kind: Team}\n<<: *base\n"],
      ["a laugh times a billion", billionLaughs()],
      ["nested without end", "[".repeat(50_000)],
      ["a NUL", "kind: Te\0am\n"],
      ["over the limit", `# ${"x".repeat(LIMIT)}`],
      ["ten thousand documents", "---\nkind: Team\n".repeat(10_000)],
      ["JSON under its own name", '{"kind":"Team"}', "application/json"],
    ] as const
  ).map(([name, body, type]) => ({
    name,
    body,
    ...(type === undefined ? {} : { headers: { "content-type": type } }),
  }));

const billionLaughs = (): string =>
  Array.from({ length: 12 }, (_, i) =>
    i === 0
      ? "a0: &a0 [lol]"
      : `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(", ")}]`,
  ).join("\n");
