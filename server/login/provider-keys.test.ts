import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { compactVerify } from "jose";
import { testClock } from "../audit/test-databases.ts";
import { Fault, minutes, seconds } from "../lib/index.ts";
import { type IdentityProvider, identityProviderDefinition } from "./identity-provider.ts";
import { ProviderKeys } from "./provider-keys.ts";
import { startTestProvider, type TestProvider } from "./test-provider.ts";

let idp: TestProvider;
let clock = testClock();
let keys: ProviderKeys;
let first: TestProvider["published"];
before(async () => {
  idp = await startTestProvider();
  first = idp.published;
});
after(() => idp.close());
beforeEach(() => {
  clock = testClock();
  keys = new ProviderKeys({ clock, outbound: { local: true } });
  idp.asked = 0;
});
afterEach(() => {
  idp.up = true;
  idp.published = first;
});

const provider = (more: object = {}): IdentityProvider => ({
  ...identityProviderDefinition.parse({ issuer: idp.issuer, ...more }),
  name: "acme",
  state: "active",
  epoch: 1,
  revision: 1,
});
const verify = (assertion: string, of = provider()) =>
  keys.with(of, (found) => compactVerify(assertion, found, { algorithms: of.algorithms }));
const outcome = async (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => "verified",
    (error: unknown) => (error instanceof Fault ? error.code : "refused"),
  );

test("keys are asked for once in ten minutes, however many assertions come", async () => {
  const assertion = await idp.sign({});
  await Promise.all(Array.from({ length: 20 }, () => verify(assertion)));
  clock.advance(minutes(9));
  await verify(assertion);
  assert.equal(idp.asked, 1);
  clock.advance(minutes(1));
  await verify(assertion);
  assert.equal(idp.asked, 2);
});

test("keys whose publisher lets them stand shorter are asked for again sooner, but not all the time", async () => {
  const assertion = await idp.sign({});
  const askedAfter = async (cacheControl: string, pause: number): Promise<number> => {
    keys = new ProviderKeys({ clock, outbound: { local: true } });
    idp.cacheControl = cacheControl;
    idp.asked = 0;
    await verify(assertion);
    clock.advance(pause);
    await verify(assertion);
    delete idp.cacheControl;
    return idp.asked;
  };
  assert.equal(await askedAfter("max-age=60", seconds(59)), 1);
  assert.equal(await askedAfter("max-age=60", seconds(60)), 2);
  assert.equal(await askedAfter("max-age=86400", minutes(10)), 2, "never longer than we let them");
  assert.equal(await askedAfter("no-store", seconds(29)), 1, "whoever asks often is a burden");
  assert.equal(await askedAfter("no-store", seconds(30)), 2);
});

test("an unknown key is looked for at most twice a minute, whoever makes such keys up", async () => {
  await verify(await idp.sign({}));
  const unknown = await idp.sign({}, {}, await idp.key("ES256", "second"));
  clock.advance(seconds(30));
  for (let i = 0; i < 10; i += 1) assert.equal(await outcome(verify(unknown)), "refused");
  assert.equal(idp.asked, 2);
});

test("a key that was taken away there is good here for ten minutes at most", async () => {
  const assertion = await idp.sign({});
  await verify(assertion);
  idp.published = [(await idp.key("ES256", "second")).publicJwk];
  clock.advance(minutes(10));
  assert.equal(await outcome(verify(assertion)), "refused");
});

test("without the provider nothing is verified, and it is not pressed", async () => {
  idp.up = false;
  const assertion = await idp.sign({});
  assert.equal(await outcome(verify(assertion)), "unavailable");
  idp.up = true;
  assert.equal(await outcome(verify(assertion)), "unavailable", "asked a moment ago");
  clock.advance(seconds(30));
  assert.equal(await outcome(verify(assertion)), "verified");
});

test("keys that are secrets, unnamed or for something else verify nothing", async () => {
  const one = await idp.key("ES256", "one");
  const spoilt = [{ kid: undefined as never }, { use: "enc" }, { d: "AAAA" }, { kty: "oct", k: "AAAA" }];
  for (const [index, more] of spoilt.entries()) {
    idp.published = [{ ...one.publicJwk, ...more }];
    const other = { ...provider(), revision: index + 2 };
    assert.equal(await outcome(verify(await idp.sign({}, {}, one), other)), "refused");
  }
});

test("metadata of another issuer name no keys", async () => {
  const other = provider({ issuer: idp.issuer.replace("localhost", "127.0.0.1") });
  assert.equal(await outcome(verify(await idp.sign({}), other)), "unavailable");
  const elsewhere = provider({ issuer: idp.issuer, jwks_uri: `${idp.issuer}/nothing` });
  assert.equal(await outcome(verify(await idp.sign({}), elsewhere)), "unavailable", "no set of keys");
});
