import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { after, before, test } from "node:test";
import { Person } from "../examples/authenticator/person.ts";
import { type ServerByHand, startByHand } from "../examples/quarterly-review/server-by-hand.ts";
import { openReadme, type Program, runProgram } from "./readme.ts";

const EMAIL = "otto@acme.example";
const readme = openReadme("sdk");
const running: Program[] = [];
let control: ServerByHand;
let otto: Person;
let env: Record<string, string>;

/** One person does all here: she administers, she is who the task is for, and she signs with a real passkey. */
before(async () => {
  control = await startByHand();
  otto = new Person(control.issuer);
  await otto.becomeAdministrator(control.link, { name: "Otto Berg", email: EMAIL });
  env = { COUNTERSIGN_ISSUER: control.issuer, RESOURCE: `http://localhost:${await freePort()}/billing` };
  const manifest = readme.text("agents.yaml").replace("http://localhost:4700/billing", String(env.RESOURCE));
  await otto.browser.sendYaml("/manifest/apply", manifest);
  await otto.browser.send("PATCH", `/people/${await me()}`, { groups: ["finance"] });
});

after(async () => {
  await Promise.all(running.map((program) => program.stop()));
  await control.stop();
  readme.remove();
});

async function me(): Promise<string> {
  const { person } = await otto.browser.get("/login/whoami");
  return (person as { id: string }).id;
}

async function serviceToken(name: string, resources: string[]): Promise<string> {
  const { id } = await otto.browser.send("POST", "/services", { name, owner: await me(), resources });
  return joinToken({ service: String(id) });
}

async function joinToken(whom: Record<string, string>): Promise<string> {
  return String((await otto.browser.send("POST", "/join-tokens", whom)).token);
}

function run(file: string, more: Record<string, string>): Program {
  const program = runProgram(readme.path(file), { ...env, ...more });
  running.push(program);
  return program;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

test("the programs that sdk/README.md shows compile", () => {
  assert.equal(readme.problems(), "");
});

test("the service, the portal and the agent that sdk/README.md shows work together", async () => {
  const agent = run("agent.ts", { JOIN_TOKEN: await joinToken({ agent: "invoice-agent" }) });
  const service = run("service.ts", { JOIN_TOKEN: await serviceToken("billing", [String(env.RESOURCE)]) });
  assert.match(await agent.line(), /^spiffe:\/\/countersign\.local\/agent\/invoice-agent\/\S+ is ready$/);
  assert.equal(await service.line(), "listening");
  const portal = run("portal.ts", { JOIN_TOKEN: await serviceToken("portal", []), PERSON: await me() });
  const [task = ""] = await portal.rest();
  await otto.consent(task);

  agent.tell(task);
  const [answer, narrowed, denied] = await agent.rest();
  assert.equal(answer, `200 {"for":"${await me()}","by":"invoice-agent","invoices":[]}`);
  assert.equal(narrowed, 'of any quarter: [{"quarter":{"op":"in","values":["2026-Q3"]}}]');
  assert.equal(denied, "denied: authority-not-covered");

  const stranger = await fetch(`${env.RESOURCE}/listInvoices`, { method: "POST", body: "{}" });
  assert.equal(stranger.status, 401);
  assert.match(stranger.headers.get("www-authenticate") ?? "", /^DPoP algs=/);
});
