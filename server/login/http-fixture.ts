/** For tests only: the login room behind a real server on a port of its own, with room for more endpoints. */
import { type AddressInfo, createServer } from "node:net";
import type { TestEngine } from "../audit/test-databases.ts";
import { buildServer, type Endpoint, type Gate } from "../http/index.ts";
import { Fault, nobody } from "../lib/index.ts";
import { type LoginTest, openLogin } from "./fixture.ts";
import {
  enrolmentBegin,
  enrolmentFinish,
  enrolmentLink,
  firstAdministratorBegin,
  firstAdministratorFinish,
  type LoginDeps,
  loginAsset,
  loginPage,
  loginProofModule,
  loginProofRootModule,
  offeredSession,
  sameOrigin,
  sessionCaller,
  signInBegin,
  signInFinish,
  signOut,
  terminalCode,
  terminalExchange,
  whoAmI,
} from "./index.ts";

export type Row = readonly [Endpoint<LoginDeps>["method"], string, Endpoint<LoginDeps>["route"]];

const ROWS: readonly Row[] = [
  ["GET", "/login", loginPage],
  ["GET", "/login/assets/:file", loginAsset],
  ["GET", "/login/proof/:file", loginProofRootModule],
  ["GET", "/login/proof/:folder/:file", loginProofModule],
  ["POST", "/login/first-administrator/begin", firstAdministratorBegin],
  ["POST", "/login/first-administrator/finish", firstAdministratorFinish],
  ["POST", "/login/enrolment/begin", enrolmentBegin],
  ["POST", "/login/enrolment/finish", enrolmentFinish],
  ["POST", "/login/sign-in/begin", signInBegin],
  ["POST", "/login/sign-in/finish", signInFinish],
  ["POST", "/login/sign-out", signOut],
  ["POST", "/login/terminal-code", terminalCode],
  ["POST", "/login/terminal", terminalExchange],
  ["GET", "/login/whoami", whoAmI],
  ["POST", "/people/:id/enrolment-link", enrolmentLink],
];

export interface LoginServer extends LoginTest {
  readonly issuer: string;
}

/** @param more endpoints of other rooms, for tests of what the page does with them */
export async function serveLogin(
  engine: TestEngine,
  more: (deps: LoginDeps) => readonly Row[] = () => [],
): Promise<LoginServer> {
  const room = await openLogin(engine);
  const port = await freePort();
  const issuer = `http://localhost:${port}`;
  const deps = { ...room.deps, issuer };
  const rows = [...ROWS, ...more(deps)].map(([method, path, route]) => endpoint(method, path, route));
  const server = buildServer<LoginDeps>(deps, rows, gateFor(deps), { issuer: new URL(issuer) });
  await server.listen({ port, host: "localhost" });
  const close = async (): Promise<void> => {
    await server.close();
    await room.close();
  };
  return { ...room, deps, issuer, close };
}

const endpoint = (...[method, path, route]: Row): Endpoint<LoginDeps> => ({
  method,
  path,
  route,
  who: ["anyone"],
  rate: "read",
  audit: "test",
});

/** As app does it: a session by header or cookie, the cookie only from our own pages. */
const gateFor = (deps: LoginDeps): Gate<LoginDeps> => ({
  async authenticate(request) {
    const offered = offeredSession(request);
    if (offered?.from === "cookie" && request.method !== "GET" && !sameOrigin(request, deps.issuer)) {
      throw new Fault("forbidden", "This request was sent from another site.");
    }
    return (offered && (await sessionCaller(deps, offered.attackerToken))) ?? nobody(request.source);
  },
  admit() {},
  async refused() {},
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "localhost", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
