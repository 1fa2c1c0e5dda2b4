/** Bytes that are no HTTP, or hardly: each must be answered with a refusal or a closed connection. */
export function rawGarbage(host: string): readonly (readonly [name: string, bytes: string | Uint8Array])[] {
  const head = (line: string, ...headers: string[]): string =>
    [line, `host: ${host}`, "connection: close", ...headers, "", ""].join("\r\n");
  const json = "content-type: application/json";
  const post = (...headers: string[]): string => head("POST /enrol HTTP/1.1", json, ...headers);
  return [
    ["a TLS greeting", Buffer.from("16030100c8010000c40303", "hex")],
    ["bytes of chance", Buffer.from("d34db33f00ff7f80c0ffee0d0a0d0a", "hex")],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["HTTP/0.9", "GET /health\r\n\r\n"],
    ["HTTP/9.9", head("GET /health HTTP/9.9")],
    ["an unknown method", head("STEAL /health HTTP/1.1")],
    ["CONNECT", `CONNECT ${host} HTTP/1.1\r\nhost: ${host}\r\n\r\n`],
    ["no Host", "GET /health HTTP/1.1\r\nconnection: close\r\n\r\n"],
    ["no Host in HTTP/1.0", "GET /health HTTP/1.0\r\n\r\n"],
    ["two Hosts", head("GET /health HTTP/1.1", "host: evil.example")],
    ["another host in the request line", head("GET http://evil.example/health HTTP/1.1")],
    ["no path", head("GET  HTTP/1.1")],
    ["two slashes", head("GET //health HTTP/1.1")],
    ["dots in the path", head("GET /audit/../health HTTP/1.1")],
    ["encoded dots in the path", head("GET /audit/%2e%2e/health HTTP/1.1")],
    ["a NUL in the path", head("GET /hea\0lth HTTP/1.1")],
    ["a space in the path", head("GET /hea lth HTTP/1.1")],
    ["raw bytes in the path", Buffer.from(head("GET /\xff\xfe HTTP/1.1"), "latin1")],
    ["a header without a colon", head("GET /health HTTP/1.1", "nonsense")],
    ["a header with a space in its name", head("GET /health HTTP/1.1", "content length: 1")],
    ["a folded header", head("GET /health HTTP/1.1", "x-a: 1", " 2")],
    ["a NUL in a header", head("GET /health HTTP/1.1", "x-a: \0")],
    ["headers of 100 kB", head("GET /health HTTP/1.1", `x-a: ${"x".repeat(100_000)}`)],
    ["five thousand headers", head("GET /health HTTP/1.1", ...Array(5_000).fill("x-a: 1"))],
    ["both lengths", `${post("content-length: 2", "transfer-encoding: chunked")}0\r\n\r\n`],
    ["a negative length", `${post("content-length: -1")}{}`],
    ["a length of 1e3", `${post("content-length: 1e3")}{}`],
    ["two lengths", `${post("content-length: 2", "content-length: 3")}{}`],
    ["a length beyond all bounds", `${post("content-length: 99999999999999999999")}{}`],
    ["a length over the limit", `${post("content-length: 10000000")}{}`],
    ["a chunk of no size", `${post("transfer-encoding: chunked")}zz\r\n{}\r\n0\r\n\r\n`],
    ["a chunk beyond all bounds", `${post("transfer-encoding: chunked")}fffffffffffffffff\r\n{}`],
    ["an unknown transfer coding", `${post("transfer-encoding: gzip")}{}`],
    ["a body under another coding", `${post("content-encoding: gzip", "content-length: 2")}{}`],
    [
      "an expectation that is met, and nothing good behind it",
      `${post("expect: 100-continue", "content-length: 2")}{}`,
    ],
    ["an expectation that nobody meets", `${post("expect: the unexpected", "content-length: 2")}{}`],
    ["headers that end in line feeds only", `GET /health HTTP/1.1\nhost: ${host}\n\n`],
  ];
}

/** Requests that never end. Each must be let go within the time that a whole request may take. */
export function endless(host: string): readonly (readonly [name: string, bytes: string])[] {
  const post = `POST /enrol HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n`;
  return [
    ["nothing at all after the first line", `GET /health HTTP/1.1\r\nhost: ${host}\r\n`],
    ["half a first line", "GET /hea"],
    ["a body that stops arriving", `${post}content-length: 100\r\n\r\n{"a":`],
    ["chunks without a last one", `${post}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n`],
    ["an expectation that is met, and no body", `${post}expect: 100-continue\r\ncontent-length: 10\r\n\r\n`],
  ];
}
