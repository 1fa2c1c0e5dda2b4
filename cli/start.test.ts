import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "../examples/quarterly-review/server-by-hand.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

/** Writes down, when the program ends, what its main thread has loaded. */
const LISTING = `
  import { writeFileSync } from "node:fs";
  import { registerHooks } from "node:module";
  import { isMainThread } from "node:worker_threads";
  const loaded = [];
  const resolve = (...args) => {
    const found = args[2](args[0], args[1]);
    loaded.push(found.url);
    return found;
  };
  if (isMainThread) {
    registerHooks({ resolve });
    process.on("exit", () => writeFileSync(process.env.LISTED, loaded.join("\\n")));
  }
`;

/** What only some of those who ask need, and whoever starts waits for where it is loaded at once. */
const LATER = [
  "@simplewebauthn",
  "@peculiar",
  "pkijs",
  "asn1js",
  "jose",
  "pg",
  "ajv",
  "fast-json-stringify/index.js",
  "@grpc",
  "@sigstore",
];

test("a control plane that nobody has asked anything has not loaded what only some requests need", async () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-start-"));
  const listed = join(folder, "listed");
  try {
    const preload = `data:text/javascript,${encodeURIComponent(LISTING)}`;
    const where = ["--data", join(folder, "data"), "--port", String(await freePort())];
    const program = run(["--import", preload, MAIN, "up", ...where], { LISTED: listed });
    await said(program, /Processes on this machine get SPIFFE identities/);
    program.child.kill("SIGTERM");
    await program.ended;
    const loaded = readFileSync(listed, "utf8").split("\n");
    assert.ok(
      loaded.some((url) => url.includes("/node_modules/fastify/")),
      "nothing was listed",
    );
    for (const library of LATER)
      assert.equal(
        loaded.find((url) => url.includes(`/node_modules/${library}/`) || url.endsWith(`/${library}`)),
        undefined,
      );
    assert.ok(!loaded.some((url) => url.endsWith("/cli/verbs.ts")), "a server needs no other verbs");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

async function said(program: ReturnType<typeof run>, wanted: RegExp): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!wanted.test(program.output())) {
    assert.ok(Date.now() < deadline && program.child.exitCode === null, program.output());
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
