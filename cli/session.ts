import type { Command } from "commander";
import { openClient } from "./client.ts";
import { bold, green, say, Trouble, visible } from "./say.ts";
import { writeSession } from "./session-file.ts";

interface Me {
  person: { id: string; name: string };
  roles: string[];
}

/** `login`, `logout`, `whoami`: this terminal as a person who is signed in with her passkey elsewhere. */
export function loginCommands(program: Command): void {
  program
    .command("login [code]")
    .description("sign this terminal in, with a one-time code from the page where you are signed in")
    .action(login);
  program
    .command("logout")
    .description("end this terminal's session")
    .action(async () => {
      const client = openClient();
      await client.post("/login/sign-out");
      writeSession(client.issuer, undefined);
      say.line(`${green("✓")} signed out`);
    });
  program
    .command("whoami")
    .description("tell who this terminal is signed in as")
    .action(async () => {
      const { person, roles } = await openClient().get<Me>("/login/whoami");
      say.line(
        `${bold(visible(person.name))} ${person.id}${roles.length === 0 ? "" : ` (${roles.join(", ")})`}`,
      );
    });
}

async function login(code: string | undefined): Promise<void> {
  const client = openClient();
  if (code === undefined) {
    throw new Trouble(
      "A one-time code is needed.",
      `Sign in at ${client.issuer}/login, choose "Sign in a terminal", then: countersign login <code>`,
    );
  }
  const { session } = await client.post<{ session: string }>("/login/terminal", { code });
  writeSession(client.issuer, session);
  say.line(`${green("✓")} this terminal is signed in to ${client.issuer}`);
}
