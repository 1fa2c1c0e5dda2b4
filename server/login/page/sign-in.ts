import type { PublicKeyCredentialRequestOptionsJSON } from "@simplewebauthn/server";
import { h, show } from "./dom.ts";
import { signChallenge } from "./passkeys.ts";
import { post } from "./server.ts";
import { action } from "./shell.ts";

interface Begun {
  readonly challenge: string;
  readonly options: PublicKeyCredentialRequestOptionsJSON;
}

/** A person proves herself with a passkey; her device knows which. */
export function showSignIn(why: string | undefined, done: () => Promise<void>): void {
  show(
    h(
      "section",
      { class: "narrow" },
      h("h1", {}, "Sign in"),
      h("p", {}, why ?? "Countersign asks you before agents act for you. Prove that it is you."),
      action("Sign in with a passkey", "primary", async () => {
        const { challenge, options } = await post<Begun>("/login/sign-in/begin", {});
        await post("/login/sign-in/finish", { challenge, response: await signChallenge(options) });
        await done();
      }),
      h("p", { class: "aside" }, "No passkey here yet? An administrator can give you a link to enrol one."),
    ),
  );
}
