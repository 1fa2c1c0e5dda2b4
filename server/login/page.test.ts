import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Consent, consentHash, consentType, type Plan, planHash } from "@countersign/proof/consent";
import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalBytes, type Json } from "@countersign/proof/jcs";
import { type Receipt, receiptHash, receiptType } from "@countersign/proof/receipt";
import type { Browser, Page } from "playwright-core";
import { z } from "zod";
import {
  newPageWithAuthenticator,
  openChromium,
  withoutChromium,
} from "../../examples/authenticator/chromium.ts";
import { perform } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { route } from "../http/index.ts";
import type { Caller, PersonId } from "../lib/index.ts";
import { issueFirstAdministratorLink } from "./first-administrator.ts";
import { type LoginServer, type Row, serveLogin } from "./http-fixture.ts";
import { assertionResponse, type LoginDeps, verifyAssertion } from "./index.ts";

/** What the server of this test shows, and what it takes a signature for: one of them may lie. */
interface Asked {
  shownInstruction: string;
  /** What stands beside: the plan, the incident, the runbook. */
  shownBeside: Record<string, Json>;
  /** The plan that the consent binds. */
  signedPlan?: Plan;
  shownArguments: Record<string, Json>;
}

const INSTRUCTION = "Prepare the quarterly review.";
const ARGUMENTS = { invoice: "INV-8831", amount: "6200.00", note: "<img src=x onerror=alert(1)>" };
/** As no registry takes it: what it hides must show, and its markup must be text. */
const OWNER = "Olga \u202e<b>Owner</b>";
const SALT = Buffer.alloc(32, 7);
const TASK = "task_01jd8m5w2hq8r6t3n0v4x7y9zb";
const APPROVAL = "approval_01jd8p1x5mv2k7s9t3w6y8z0ac";

const commitment = (value: Json): string => sha256Base64url(Buffer.concat([SALT, canonicalBytes(value)]));

const PLAN: Plan = {
  steps: [
    { tool: "reports/read" },
    { tool: "reports/publish", args: { title: { op: "max_len", length: 80 } }, times: 1 },
  ],
  ordered: true,
  on_drift: "end",
};

const consentOf = (person: string, plan?: Plan): Consent => ({
  ...(plan === undefined ? {} : { plan_hash: planHash(plan) }),
  type: consentType,
  trust_domain: "acme.example",
  task: TASK,
  instruction_hash: commitment(INSTRUCTION),
  agent: "planning-agent",
  grants: [
    {
      type: "agent_tool",
      locations: ["https://reports.example/mcp"],
      actions: ["tools/call"],
      identifier: "reports/publish",
      args: { title: { op: "max_len", length: 80 } },
    },
  ],
  expires_at: 4_000_000_000_000,
  person,
  issued_at: 1_700_000_000_000,
  nonce: "n".repeat(22),
});

const receiptOf = (person: string): Omit<Receipt, "decision"> => ({
  type: receiptType,
  request: APPROVAL,
  nonce: "n".repeat(22),
  requirement: "approval",
  agent: "cost-agent",
  person,
  task: TASK,
  tool: "finance/payInvoice",
  args_commitment: commitment(ARGUMENTS),
  forbids: [{ id: "pay-above-5000", hash: "h".repeat(43) }],
  permits: [],
  expires_at: 4_000_000_000_000,
});

/** The endpoints of delegation and approvals as the page knows them, verifying what it signs for real. */
function rowsFor(deps: LoginDeps, asked: Asked, signed: string[]): readonly Row[] {
  const verify = (caller: Caller, challenge: string, response: z.output<typeof assertionResponse>) =>
    perform(deps, caller, "test.sign", (change) =>
      verifyAssertion(deps, change, { person: caller.principal as PersonId, challenge, response }),
    );
  const consentShow = route<LoginDeps>()({
    summary: "A consent.",
    params: z.strictObject({ id: z.string() }),
    answers: {},
    handle: async (_deps, caller) => ({
      status: 200,
      body: {
        task: {
          id: TASK,
          purpose: "Review",
          started_by: { kind: "person", principal: caller.principal, through: "service_x" },
          instruction: asked.shownInstruction,
          instruction_salt: SALT.toString("base64url"),
          ...asked.shownBeside,
        },
        consent: consentOf(caller.principal, asked.signedPlan),
        // A challenge from the server must not matter.
        challenge: "A".repeat(43),
        agent: {
          name: "planning-agent",
          class: "planning",
          environment: "production",
          owner: "person_o",
          owner_name: OWNER,
        },
      },
    }),
  });
  const consentGive = route<LoginDeps>()({
    summary: "Signed.",
    params: z.strictObject({ id: z.string() }),
    body: z.strictObject({ consent: z.record(z.string(), z.json()), assertion: assertionResponse }),
    answers: {},
    handle: async (_deps, caller, { body }) => {
      await verify(caller, consentHash(consentOf(caller.principal, asked.signedPlan)), body.assertion);
      signed.push("consent");
      return { status: 200, body: {} };
    },
  });
  const approvalShow = route<LoginDeps>()({
    summary: "A request.",
    params: z.strictObject({ id: z.string() }),
    answers: {},
    handle: async (_deps, caller) => ({
      status: 200,
      body: {
        state: "pending",
        chain: [
          { mark: "agent", name: "cost-agent", link: "called" },
          { mark: "resource", name: "finance/payInvoice" },
        ],
        arguments: asked.shownArguments,
        salt: SALT.toString("base64url"),
        reasons: [
          { policy: "pay-above-5000", reason: "Payments above 5,000 need a yes.", requirement: "approval" },
        ],
        receipt: receiptOf(caller.principal),
      },
    }),
  });
  const approvalAnswer = route<LoginDeps>()({
    summary: "Answered.",
    params: z.strictObject({ id: z.string() }),
    body: z.strictObject({ decision: z.enum(["approve", "deny"]), assertion: assertionResponse }),
    answers: {},
    handle: async (_deps, caller, { body: { decision, assertion } }) => {
      await verify(caller, receiptHash({ ...receiptOf(caller.principal), decision }), assertion);
      signed.push(decision);
      return { status: 200, body: {} };
    },
  });
  const nothing = route<LoginDeps>()({
    summary: "Nothing waits.",
    query: z.object({}),
    answers: {},
    handle: async () => ({ status: 200, body: { items: [] } }),
  });
  return [
    ["GET", "/consents", nothing],
    ["GET", "/approvals", nothing],
    ["GET", "/consents/:id", consentShow],
    ["POST", "/consents/:id", consentGive],
    ["GET", "/approvals/:id", approvalShow],
    ["POST", "/approvals/:id/receipts", approvalAnswer],
  ];
}

forEachEngine((engine) => {
  if (engine.name !== "sqlite") return;
  describe("the page, in Chromium with a virtual authenticator", withoutChromium, () => {
    const asked: Asked = { shownInstruction: INSTRUCTION, shownArguments: ARGUMENTS, shownBeside: {} };
    const signed: string[] = [];
    let server: LoginServer;
    let browser: Browser;
    let page: Page;
    const troubles: string[] = [];

    before(async () => {
      server = await serveLogin(engine, (deps) => rowsFor(deps, asked, signed));
      browser = await openChromium();
      page = await newPageWithAuthenticator(browser);
      page.on("pageerror", (error) => troubles.push(error.message));
      page.on("dialog", (dialog) => troubles.push(dialog.message()));
    });
    after(async () => {
      await browser?.close();
      await server?.close();
    });

    const at = (place: string): string => `${server.issuer}/login${place}`;
    /** A change of the fragment alone loads nothing anew. */
    const open = async (place: string): Promise<void> => {
      await page.goto("about:blank");
      await page.goto(at(place));
    };
    const heading = (name: string | RegExp) => page.getByRole("heading", { level: 1, name }).waitFor();
    const press = (name: string) => page.getByRole("button", { name }).click();

    test("the first administrator enrols by her link, whose secret leaves the address at once", async () => {
      const { url } = await issueFirstAdministratorLink(server.deps);
      await page.goto(url);
      await heading("Become the first administrator");
      assert.equal(page.url(), at(""));
      await page.getByLabel("Your name").fill("Ada Admin");
      await page.getByLabel("Your e-mail").fill("ada@acme.example");
      await press("Create my passkey");
      await heading("What waits for you");
    });

    test("she signs out and in again with her passkey", async () => {
      await press("Sign out");
      await heading("Sign in");
      await press("Sign in with a passkey");
      await heading("What waits for you");
    });

    test("she signs a consent whose challenge the page computed from what it shows", async () => {
      await open(`#consent=${TASK}`);
      await heading("Let planning-agent act for you?");
      await page.getByText("reports/publish on https://reports.example/mcp").first().waitFor();
      await press("Sign with passkey");
      await heading("Signed");
      assert.deepEqual(signed.splice(0), ["consent"]);
    });

    test("who answers for the agent is shown by name; what a name hides shows, and its markup is only text", async () => {
      await open(`#consent=${TASK}`);
      const owner = page.getByText("Olga ⟨U+202E⟩<b>Owner</b>", { exact: true });
      assert.equal(await owner.evaluate((element) => element.tagName), "BDI");
      assert.equal(await owner.getAttribute("title"), "person_o");
    });

    test("a server that shows another instruction than is signed gets no signature", async () => {
      asked.shownInstruction = "Something harmless.";
      await open(`#consent=${TASK}`);
      await page.getByRole("alert").getByText("shows one thing and asks you to sign another").waitFor();
      assert.equal(await page.getByRole("button", { name: "Sign with passkey" }).count(), 0);
      asked.shownInstruction = INSTRUCTION;
    });

    test("she signs the plan with the consent, and sees what the task serves and that it is an emergency", async () => {
      asked.signedPlan = PLAN;
      asked.shownBeside = {
        plan: { hash: "not looked at", ...PLAN } as unknown as Json,
        incident: { id: "INC-7", severity: "P1" },
        runbook: { name: "publish", digest: "d".repeat(43) },
        break_glass: true,
      };
      await open(`#consent=${TASK}`);
      await heading("Let planning-agent act for you?");
      for (const words of ["reports/read (any arguments)", "INC-7", "publish", "Emergency."])
        await page.getByText(words, { exact: true }).first().waitFor();
      await page.getByText(/in this order. Any other call is refused, and ends the task./).waitFor();
      await takePictures(page, "consent-planned");
      await press("Sign with passkey");
      await heading("Signed");
      assert.deepEqual(signed.splice(0), ["consent"]);
    });

    test("a server that shows another plan than is signed, or none, gets no signature", async () => {
      const other = { ...PLAN, ordered: false };
      for (const [shownPlan, signedPlan] of [
        [other, PLAN],
        [undefined, PLAN],
        [PLAN, undefined],
      ]) {
        asked.shownBeside =
          shownPlan === undefined ? {} : { plan: { hash: planHash(PLAN), ...shownPlan } as never };
        if (signedPlan === undefined) delete asked.signedPlan;
        else asked.signedPlan = signedPlan;
        await open(`#consent=${TASK}`);
        await page.getByRole("alert").getByText("shows one thing and asks you to sign another").waitFor();
        assert.equal(await page.getByRole("button", { name: "Sign with passkey" }).count(), 0);
      }
      asked.shownBeside = {};
    });

    test("her yes and her no are signed as such, and an agent's markup is only text", async () => {
      for (const [button, title, decision] of [
        ["No", "You said no", "deny"],
        ["Yes, allow this", "You said yes", "approve"],
      ] as const) {
        await open(`#approval=${APPROVAL}`);
        await heading(/cost-agent asks to call/);
        await page.getByText('"<img src=x onerror=alert(1)>"', { exact: true }).waitFor();
        await page.getByRole("button", { name: button, exact: true }).click();
        await heading(title);
        assert.deepEqual(signed.splice(0), [decision]);
      }
    });

    test("a server that shows other arguments than are signed gets no signature", async () => {
      asked.shownArguments = { ...ARGUMENTS, amount: "62.00" };
      await open(`#approval=${APPROVAL}`);
      await page.getByRole("alert").getByText("shows one thing and asks you to sign another").waitFor();
      assert.equal(await page.getByRole("button", { name: "Yes, allow this" }).count(), 0);
    });

    test("she gets a code that signs a terminal in", async () => {
      await open("");
      await heading("What waits for you");
      await press("Sign in a terminal");
      const code = await page.getByLabel("Terminal code").locator("code").innerText();
      const exchange = {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ code }),
      };
      assert.equal((await fetch(`${server.issuer}/login/terminal`, exchange)).status, 201);
    });

    test("nothing went wrong in the page meanwhile", () => assert.deepEqual(troubles, []));
  });
});

/** For whoever wants to look at the page. */
async function takePictures(page: Page, name: string): Promise<void> {
  const folder = process.env.COUNTERSIGN_PICTURES;
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  for (const [kind, width] of Object.entries({ desktop: 1280, phone: 390 })) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.setViewportSize({ width, height: 844 });
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(folder, `${name}-${kind}-${colorScheme}.png`), fullPage: true });
    }
  }
}
