import { randomUUID } from "node:crypto";
import { createDpopProof } from "@countersign/proof/dpop";
import { enrol, type Instance } from "@countersign/sdk";
import type { Administrator } from "../administrator.ts";
import { type Address, jsonOf, send, type WireAnswer } from "../wire.ts";
import { askForToken, joinToken, proofsOf } from "../workloads.ts";

/** A service that asks: with a token of its own, and a fresh proof for each request. */
export interface EnforcementPoint {
  readonly id: string;
  /** Sends a body as it is. */
  raw(path: string, body: string, headers?: Readonly<Record<string, string>>): Promise<WireAnswer>;
  /** Sends JSON and reads the answer. @throws Error unless it is a success */
  ask<T = { decision: boolean; context?: Record<string, unknown> }>(path: string, body: unknown): Promise<T>;
}

/** Registers and enrols a service, and has it ask for a token. */
export async function enforcementPoint(
  administrator: Administrator,
  server: Address,
  name: string,
  resources: readonly string[] = [],
): Promise<EnforcementPoint> {
  const owner = administrator.person;
  const { id } = await administrator.post<{ id: string }>("/services", { name, owner, resources });
  const token = await joinToken(administrator, { service: id });
  const instance = await enrol({ issuer: server.issuer, joinToken: token });
  return pointOf(server, id, instance);
}

async function pointOf(server: Address, id: string, instance: Instance): Promise<EnforcementPoint> {
  const { access_token: accessToken } = jsonOf<{ access_token: string }>(
    await askForToken(server, proofsOf(instance)),
  );
  const raw: EnforcementPoint["raw"] = (path, body, headers) => {
    const [place = path] = path.split("?");
    const proof = createDpopProof({
      key: instance.key.privateKey,
      accessToken,
      method: "POST",
      url: `${server.issuer}${place}`,
      now: Date.now(),
      jti: randomUUID(),
    });
    return send(server, {
      method: "POST",
      path,
      body,
      headers: {
        "content-type": "application/json",
        authorization: `DPoP ${accessToken}`,
        dpop: proof,
        ...headers,
      },
    });
  };
  return {
    id,
    raw,
    async ask(path, body) {
      const answer = await raw(path, JSON.stringify(body));
      if (answer.status !== 200) throw new Error(`${path} answered ${answer.status} ${answer.body}`);
      return jsonOf(answer);
    },
  };
}
