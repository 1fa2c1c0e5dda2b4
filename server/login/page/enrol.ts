import type { PublicKeyCredentialCreationOptionsJSON } from "@simplewebauthn/server";
import { h, show } from "./dom.ts";
import { createPasskey } from "./passkeys.ts";
import { post } from "./server.ts";
import { run } from "./shell.ts";

interface Begun {
  readonly challenge: string;
  readonly options: PublicKeyCredentialCreationOptionsJSON;
}

/** The first administrator says who she is and makes her passkey. */
export function showFirstAdministrator(secret: string, done: () => Promise<void>): void {
  const name = field("Your name", { name: "name", autocomplete: "name", maxlength: "100" });
  const email = field("Your e-mail", {
    name: "email",
    type: "email",
    autocomplete: "email",
    maxlength: "254",
  });
  show(
    form(
      "Become the first administrator",
      "This server has no administrator yet. The link you opened makes you the one, once.",
      [name, email],
      async (values) => {
        const who = { secret, name: values("name"), email: values("email") };
        await enrol("/login/first-administrator", who, values("label"));
        await done();
      },
    ),
  );
}

/** A person who was given a link makes her passkey. */
export function showEnrolment(secret: string, done: () => Promise<void>): void {
  show(
    form(
      "Enrol a passkey",
      "The link you opened lets you add a passkey, once. With it you sign in, and sign what agents may do for you.",
      [],
      async (values) => {
        await enrol("/login/enrolment", { secret }, values("label"));
        await done();
      },
    ),
  );
}

async function enrol(path: string, who: object, label: string): Promise<void> {
  const { challenge, options } = await post<Begun>(`${path}/begin`, who);
  const response = await createPasskey(options);
  await post(`${path}/finish`, { ...who, challenge, label, response });
}

type Values = (name: string) => string;

function form(
  title: string,
  text: string,
  fields: HTMLElement[],
  submit: (values: Values) => Promise<void>,
): HTMLElement {
  const label = field("A name for this passkey", { name: "label", value: "This device", maxlength: "60" });
  const all = h(
    "form",
    { class: "narrow" },
    h("h1", {}, title),
    h("p", {}, text),
    ...fields,
    label,
    h("button", { class: "primary", type: "submit" }, "Create my passkey"),
    h("p", { class: "aside" }, "Your device will ask for your finger, face or PIN. The key never leaves it."),
  );
  all.addEventListener("submit", (event) => {
    event.preventDefault();
    const values = new FormData(all);
    void run(all, () => submit((name) => String(values.get(name) ?? "").trim()));
  });
  return all;
}

const field = (label: string, attributes: Record<string, string>): HTMLElement =>
  h("label", {}, h("span", {}, label), h("input", { required: true, ...attributes }));
