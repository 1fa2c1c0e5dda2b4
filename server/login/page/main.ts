import { showApproval } from "./approval.ts";
import { showAuthorization } from "./authorize.ts";
import { showConsent } from "./consent.ts";
import { show } from "./dom.ts";
import { showEnrolment, showFirstAdministrator } from "./enrol.ts";
import { showHome } from "./home.ts";
import { get, post, Refusal } from "./server.ts";
import { header, type Me, refusal, showNote } from "./shell.ts";
import { showSignIn } from "./sign-in.ts";

/** Where the fragment leads: `#first=…` and `#enrol=…` hold a secret, `#consent=…` and `#approval=…` an id, `#authorize=…` a client's request. */
interface Place {
  readonly name: string;
  readonly value: string;
}

function place(): Place {
  const [name = "", value = ""] = location.hash.slice(1).split("=", 2);
  return { name, value: decodeURIComponent(value) };
}

/** Links that hold a secret are opened before anything else, and leave no trace in the address or history. */
async function open(): Promise<void> {
  const { name, value } = place();
  if (name !== "first" && name !== "enrol") return openSignedIn();
  history.replaceState(null, "", location.pathname);
  header(undefined, signOut);
  if (name === "first") showFirstAdministrator(value, openSignedIn);
  else showEnrolment(value, openSignedIn);
}

async function openSignedIn(): Promise<void> {
  const me = await whoAmI();
  header(me, signOut);
  const { name, value } = place();
  if (me === undefined)
    return showSignIn(name === "" ? undefined : "Sign in to see what is asked of you.", openSignedIn);
  if (name === "consent") return showConsent(me, value);
  if (name === "authorize") return showAuthorization(me, value);
  if (name === "approval") return showApproval(me, value);
  return showHome(me);
}

async function whoAmI(): Promise<Me | undefined> {
  try {
    return await get<Me>("/login/whoami");
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) return undefined;
    throw error;
  }
}

function signOut(): void {
  void guarded(async () => {
    await post("/login/sign-out");
    history.replaceState(null, "", location.pathname);
    header(undefined, signOut);
    showSignIn("You are signed out.", openSignedIn);
  });
}

async function guarded(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (error instanceof Refusal && error.status === 401)
      return showSignIn("Your session is over.", openSignedIn);
    if (error instanceof Refusal && error.status === 404) {
      return showNote("Not here", "There is no such thing, or it is not yours to see.");
    }
    show(refusal(error));
  }
}

addEventListener("hashchange", () => void guarded(open));
void guarded(open);
