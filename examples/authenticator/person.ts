import { consentHash, parseConsent } from "@countersign/proof/consent";
import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalBytes, type Json, type JsonObject } from "@countersign/proof/jcs";
import { parseReceipt, receiptHash } from "@countersign/proof/receipt";
import {
  type AuthenticationResponse,
  type CreationOptions,
  type RequestOptions,
  softwareAuthenticator,
} from "./authenticator.ts";
import { Browser } from "./browser.ts";

/** What she says of herself when nobody knows her yet. */
export interface Introduction {
  readonly name: string;
  readonly email: string;
}

/** A person at her browser, with her own authenticator. Only she is scripted: what she signs is signed. */
export class Person {
  readonly browser: Browser;
  readonly #authenticator = softwareAuthenticator();

  constructor(issuer: string) {
    this.browser = new Browser(issuer);
  }

  /** @param link the one-time link, whose secret stands in its fragment */
  becomeAdministrator(link: string, introduction: Introduction): Promise<JsonObject> {
    return this.#makePasskey("/login/first-administrator", { secret: secretOf(link), ...introduction });
  }

  enrol(link: string): Promise<JsonObject> {
    return this.#makePasskey("/login/enrolment", { secret: secretOf(link) });
  }

  /** @param changed what reaches the server in place of what she signed */
  async signIn(
    changed: (response: AuthenticationResponse) => AuthenticationResponse = same,
  ): Promise<JsonObject> {
    const { challenge = null, options } = await this.browser.send("POST", "/login/sign-in/begin");
    const response = this.#authenticator.get(this.browser.issuer, options as unknown as RequestOptions);
    return this.browser.send("POST", "/login/sign-in/finish", {
      challenge,
      response: asJson(changed(response)),
    });
  }

  /** A one-time code with which a terminal signs in as her, and the session that it gives. */
  async terminalSession(): Promise<string> {
    const { code = null } = await this.browser.send("POST", "/login/terminal-code");
    return String((await this.browser.send("POST", "/login/terminal", { code })).session);
  }

  /** Reads what she is asked to consent to, makes sure that it is what she would sign, and signs its hash. */
  async consent(task: string): Promise<JsonObject> {
    const asked = await this.browser.get(`/consents/${task}`);
    const consent = parseConsent(asked.consent ?? null);
    const { instruction = null, instruction_salt: salt } = asked.task as JsonObject;
    if (consent.task !== task) throw new Error("what is shown belongs to another task");
    requireOpened(consent.instruction_hash, salt, instruction);
    const signed = { consent: asJson(consent), assertion: this.#sign(consentHash(consent)) };
    await this.browser.send("POST", `/consents/${task}`, signed);
    return { hash: consentHash(consent), instruction };
  }

  /** Reads what waits for her, makes sure that it is what she would sign, and signs her answer to exactly that. */
  async answer(approval: string, decision: "approve" | "deny"): Promise<JsonObject> {
    const {
      receipt: unsigned,
      sentence = null,
      arguments: args = null,
      salt,
    } = await this.browser.get(`/approvals/${approval}`);
    const receipt = parseReceipt({ ...(unsigned as JsonObject), decision });
    if (receipt.request !== approval) throw new Error("what is shown belongs to another request");
    requireOpened(receipt.args_commitment, salt, args);
    const signed = { decision, assertion: this.#sign(receiptHash(receipt)) };
    const answered = await this.browser.send("POST", `/approvals/${approval}/receipts`, signed);
    return { ...answered, sentence, arguments: args };
  }

  #sign(challenge: string): JsonObject {
    const { issuer } = this.browser;
    const rpId = new URL(issuer).hostname;
    return asJson(this.#authenticator.get(issuer, { challenge, rpId }));
  }

  async #makePasskey(ceremony: string, who: JsonObject): Promise<JsonObject> {
    const { challenge = null, options } = await this.browser.send("POST", `${ceremony}/begin`, who);
    const response = this.#authenticator.create(this.browser.issuer, options as unknown as CreationOptions);
    const made = { challenge, label: "her phone", response: asJson(response) };
    return this.browser.send("POST", `${ceremony}/finish`, { ...who, ...made });
  }
}

/** One bit of the signature the other way round. */
export function withOneBitChanged(response: AuthenticationResponse): AuthenticationResponse {
  const signature = Buffer.from(response.response.signature, "base64url");
  const last = signature.length - 1;
  signature[last] = (signature[last] ?? 0) ^ 1;
  return { ...response, response: { ...response.response, signature: signature.toString("base64url") } };
}

/** What she is shown must be what the hash in the signed object stands for. */
function requireOpened(commitment: string, salt: Json | undefined, shown: Json): void {
  const bytes = Buffer.concat([Buffer.from(String(salt), "base64url"), canonicalBytes(shown)]);
  if (sha256Base64url(bytes) !== commitment) throw new Error("what is shown is not what would be signed");
}

const same = (response: AuthenticationResponse): AuthenticationResponse => response;
const secretOf = (link: string): string => new URL(link).hash.replace(/^#(first|enrol)=/, "");
const asJson = (value: object): JsonObject => value as JsonObject;
