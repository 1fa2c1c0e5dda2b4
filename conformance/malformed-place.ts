/** What must not stand in the place of a path's parameter, as it is sent. */
export const MALFORMED_SEGMENTS: readonly (readonly [name: string, segment: string])[] = [
  ["a NUL", "a%00b"],
  ["an encoded slash", "a%2fb"],
  ["a way up", "..%2f..%2f..%2fetc%2fpasswd"],
  ["a way up with backslashes", "..%5c..%5cetc"],
  ["a broken percent sign", "%zz"],
  ["half a percent sign", "a%"],
  ["bytes that are no UTF-8", "%ff%fe"],
  ["a dot in too many bytes", "%c0%ae%c0%ae"],
  ["a control character", "a%07b"],
  ["a line break", "a%0d%0aset-cookie:%20x"],
  ["a change of direction", "a%E2%80%AEb"],
  ["a wide character", "%F0%9F%92%A9"],
  ["__proto__", "__proto__"],
  ["markup", "%3Cscript%3E"],
  ["a quote", "a'%20or%201=1--"],
  ["a space", "%20"],
  ["300 characters and more", "a".repeat(400)],
  ["8000 characters", "a".repeat(8_000)],
];

/** Queries that must be refused wherever they are sent. */
export const MALFORMED_QUERIES: readonly (readonly [name: string, query: string])[] = [
  ["an unknown parameter", "unknown_parameter=1"],
  ["__proto__", "__proto__=1"],
  ["constructor", "constructor=1"],
  ["a name without end", `${"x".repeat(5_000)}=1`],
];

/** Queries that a list must refuse. */
export const MALFORMED_PAGES: readonly (readonly [name: string, query: string])[] = [
  ["limit twice", "limit=1&limit=2"],
  ["after twice", "after=a&after=b"],
  ["limit of a word", "limit=many"],
  ["no limit", "limit=0"],
  ["a negative limit", "limit=-1"],
  ["half a limit", "limit=1.5"],
  ["a limit beyond the most", "limit=1000000"],
  ["a limit beyond all bounds", "limit=1e400"],
  ["a limit in brackets", "limit[]=1"],
  ["a cursor with NUL", "after=a%00b"],
  ["a cursor of 400 characters", `after=${"a".repeat(400)}`],
];

/** Cursors that name nothing. A list may begin there or refuse, but neither fail nor wait. */
export const STRANGE_PAGES: readonly (readonly [name: string, query: string])[] = [
  ["a cursor that names nothing", "after=nothing"],
  ["a cursor with a broken percent sign", "after=%zz"],
  ["a cursor of no UTF-8", "after=%ff"],
  ["a cursor with a quote", "after='%20or%201=1--"],
  ["a cursor of wide characters", "after=%F0%9F%92%A9"],
];

/** Headers that must be refused wherever they are sent. A list of two values is sent as two headers. */
export const MALFORMED_HEADERS: readonly (readonly [
  name: string,
  headers: Readonly<Record<string, string | string[]>>,
])[] = [
  ["a wrong Host", { host: "evil.example" }],
  ["a Host that begins like ours", { host: "localhost.evil.example" }],
  ["an empty Host", { host: "" }],
  ["two Authorization headers", { authorization: ["Session x", "Session y"] }],
  ["Basic", { authorization: "Basic cm9vdDpyb290" }],
  ["Bearer", { authorization: "Bearer eyJhbGciOiJub25lIn0.e30." }],
  ["an empty Authorization", { authorization: "" }],
  ["Authorization without a scheme", { authorization: "x".repeat(43) }],
  ["a session that is none", { authorization: "Session " }],
  ["a session in the wrong form", { authorization: "Session not/base64" }],
  ["a session that nobody has", { authorization: `Session ${"x".repeat(43)}` }],
  ["a session of 8000 characters", { authorization: `Session ${"x".repeat(8_000)}` }],
  ["DPoP with nothing", { authorization: "DPoP " }],
  ["DPoP without a proof", { authorization: "DPoP a.b.c" }],
  ["DPoP with a proof of garbage", { authorization: "DPoP a.b.c", dpop: "garbage" }],
  ["DPoP with two proofs", { authorization: "DPoP a.b.c", dpop: ["a.b.c", "d.e.f"] }],
  [
    "DPoP without a signature",
    { authorization: "DPoP eyJhbGciOiJub25lIn0.e30.", dpop: "eyJhbGciOiJub25lIn0.e30." },
  ],
];
