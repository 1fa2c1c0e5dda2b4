import assert from "node:assert/strict";
import { test } from "node:test";
import { requireSafeTransport } from "./tls.ts";

const refused = { code: "invalid" };

test("plain HTTP is served on this machine only, whichever of address and issuer would let others in", () => {
  requireSafeTransport(new URL("http://localhost:4600"), "127.0.0.1", false, false);
  const reachable: [issuer: string, host: string][] = [
    ["http://localhost:4600", "0.0.0.0"],
    ["http://countersign.example.com", "127.0.0.1"],
    ["https://countersign.example.com", "127.0.0.1"],
    ["http://localhost.example.com:4600", "localhost"],
  ];
  for (const [issuer, host] of reachable) {
    assert.throws(() => requireSafeTransport(new URL(issuer), host, false, false), refused);
  }
});

test("with a certificate, or behind a declared proxy, others may come in", () => {
  const issuer = new URL("https://countersign.example.com");
  requireSafeTransport(issuer, "0.0.0.0", true, false);
  requireSafeTransport(issuer, "0.0.0.0", false, true);
});
