import type { Change } from "../../database/index.ts";
import type { BoundClient } from "../client.ts";
import type { TokenResponse } from "../mint.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import type { Form } from "../parameters.ts";
import { clientCredentials } from "./client-credentials.ts";
import { jwtBearer } from "./jwt-bearer.ts";
import { tokenExchange } from "./token-exchange.ts";

/** One way to ask for a token. */
export interface GrantHandler {
  /** The value of `grant_type`. */
  readonly grantType: string;
  /**
   * Reads and decides what the client may have, and mints it as part of the change. It leaves when that has
   * been committed.
   */
  handle(deps: OauthDeps, change: Change, client: BoundClient, form: Form): Promise<TokenResponse>;
}

/** All that there are. */
export const grantHandlers: readonly GrantHandler[] = [clientCredentials, tokenExchange, jwtBearer];
