import type { Command } from "commander";
import { openClient } from "./client.ts";
import { bold, green, say, table, visible, yellow } from "./say.ts";

interface Key {
  kid: string;
  purpose: string;
  generation: number;
  state: string;
  activates: number;
  retires?: number;
  vkey?: string;
}

/** `keys`: what signs and seals here, and what to do when a key may be in other hands. */
export function keyCommands(program: Command): void {
  const keys = program.command("keys").description("the signing keys of this installation");
  keys
    .command("list", { isDefault: true })
    .description("list them with their states; never a key itself")
    .action(list);
  keys
    .command("rotate <purpose>")
    .description("make the next key; it is used after it has been published for a day")
    .option("--emergency", "use it now, and end at once everything that the keys before it signed")
    .action(rotate);
}

async function list(): Promise<void> {
  const { items } = await openClient().get<{ items: Key[] }>("/keys");
  const rows = items.map(({ purpose, generation, state, activates, retires, kid, vkey }) => [
    purpose,
    String(generation),
    state,
    dayOf(activates),
    retires === undefined ? "" : dayOf(retires),
    vkey ?? kid,
  ]);
  say.line(table([["PURPOSE", "NO", "STATE", "FROM", "UNTIL", "KEY"], ...rows]));
}

async function rotate(purpose: string, { emergency = false }: { emergency?: boolean }): Promise<void> {
  const path = `/keys/${encodeURIComponent(purpose)}/rotate`;
  const { kid, activates } = await openClient().post<Pick<Key, "kid" | "activates">>(path, { emergency });
  if (emergency) {
    say.line(`${green("✓")} ${bold(visible(kid))} signs from now on.`);
    say.line(
      yellow("Everything that the keys before it signed is dead: whoever held a token asks for a new one."),
    );
    return;
  }
  say.line(
    `${green("✓")} ${bold(visible(kid))} is published, and signs from ${new Date(activates).toISOString()}.`,
  );
}

const dayOf = (instant: number): string => new Date(instant).toISOString().slice(0, 10);
