/** The peer: a bare Fastify that answers JSON with the same JSON, with TLS as ours has it. `echo.ts PORT CERT KEY` */
import { readFileSync } from "node:fs";
import Fastify from "fastify";

const [port = "", cert = "", key = ""] = process.argv.slice(2);
const server = Fastify({ https: { cert: readFileSync(cert), key: readFileSync(key) } });
server.post("/", async (request) => request.body);
await server.listen({ port: Number(port), host: "127.0.0.1" });
process.once("SIGTERM", () => process.exit(0));
