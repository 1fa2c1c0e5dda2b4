import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { newPageWithAuthenticator, openChromium, withoutChromium } from "../authenticator/chromium.ts";
import { askPortal } from "./acts/consent.ts";
import { delegation } from "./acts/delegation.ts";
import { isAskedToWait } from "./acts/publication.ts";
import { type Company, openCompany, type Voice } from "./company.ts";
import { type ServerByHand, startByHand } from "./server-by-hand.ts";

/** Where pictures of the pages go, for whoever wants to look at them. */
const pictures = process.env.COUNTERSIGN_PICTURES;

describe("the review, with its people at a real browser", withoutChromium, () => {
  let server: ServerByHand;
  let company: Company;
  let browser: Browser;
  const troubles: string[] = [];

  before(async () => {
    server = await startByHand();
    company = await openCompany(server.issuer, server.link);
    browser = await openChromium();
  });
  after(async () => {
    await browser?.close();
    await company?.leave();
    await server?.stop();
  });

  /** A person at a browser of her own, with a passkey that she has just made there. */
  async function atBrowser(who: Voice): Promise<Page> {
    const { person } = await who.get<{ person: { id: string } }>("/login/whoami");
    const { url } = await company.otto.post<{ url: string }>(`/people/${person.id}/enrolment-link`);
    const page = await newPageWithAuthenticator(browser);
    page.on("pageerror", (error) => troubles.push(error.message));
    await page.goto(url);
    await page.getByRole("button", { name: "Create my passkey" }).click();
    await heading(page, "What waits for you");
    return page;
  }

  let task: string;

  test("Alice reads what the agent would be allowed, and signs it with her passkey", async () => {
    const page = await atBrowser(company.alice);
    task = await askPortal(company, "Review what the cloud cost us in the third quarter.");
    await page.reload();
    await page.getByRole("link", { name: /planning-agent asks to act for you/ }).click();
    await heading(page, "Let planning-agent act for you?");
    await page.getByText("Review what the cloud cost us in the third quarter.").waitFor();
    await page.getByText(/The service portal asks, in your name/).waitFor();
    await takePictures(page, "consent");
    await page.getByRole("button", { name: "Sign with passkey" }).click();
    await heading(page, "Signed");
    await company.planning.tell("pickUp", { task, as: "review" });
    await page.close();
  });

  test("Marta sees what the agent asks for and why, and says yes to just that", async () => {
    await delegation(company, task, 1);
    await isAskedToWait(company);
    const page = await atBrowser(company.marta);
    await takePictures(page, "home");
    await page.getByRole("link", { name: /report-agent asks to call reports\/publish/ }).click();
    await page.getByText("https://acme.example/reports").first().waitFor();
    await page.getByText("Publishing outside the company needs the manager").waitFor();
    await takePictures(page, "approval");
    await page.getByRole("button", { name: "Yes, allow this" }).click();
    await heading(page, "You said yes");
    await page.close();
  });

  test("nothing went wrong in the pages meanwhile", () => assert.deepEqual(troubles, []));
});

const heading = (page: Page, name: string): Promise<void> =>
  page.getByRole("heading", { level: 1, name }).waitFor();

async function takePictures(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  mkdirSync(pictures, { recursive: true });
  for (const [kind, width] of [
    ["desktop", 1280],
    ["phone", 390],
  ] as const) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.setViewportSize({ width, height: 844 });
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(pictures, `${name}-${kind}-${colorScheme}.png`) });
    }
  }
}
