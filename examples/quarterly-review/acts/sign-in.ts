import { check, inShort, refusalOf } from "../checks.ts";
import type { Company } from "../company.ts";
import { act, happens, person, verdict } from "../stage.ts";

/** Alice proves herself with her passkey; the same server turns away the same answer with one bit changed. */
export async function signIn({ alice }: Company, number: number): Promise<void> {
  act(number, "Alice signs in");
  const claim = "a sign-in with one bit changed";
  const refused = await refusalOf(claim, alice.tell("signInWithOneBitChanged"));
  check(refused.status === 401, `${claim} is answered 401`);
  verdict(`${person("Alice")} with one bit of her signature changed`, "REFUSED", `401 ${inShort(refused)}`);
  const { person: signedIn } = await alice.tell("signIn");
  check(signedIn === alice.id, "the passkey is Alice's");
  happens(`${person("Alice")} signs in with her passkey`);
}
