import type { Change } from "../../../database/index.ts";
import type { BoundClient } from "../../client.ts";
import type { TokenResponse } from "../../mint.ts";
import type { OauthDeps } from "../../oauth-deps.ts";
import type { Form } from "../../parameters.ts";
import { ACCESS_TOKEN } from "./token-types.ts";

/** One kind of token that is given for another. */
export interface Exchange {
  /** Whether it is this kind, by the types that the request names. No two kinds take the same types. */
  takes(form: Form): boolean;
  /** Reads and decides what the client may have, and mints it as part of the change. */
  handle(deps: OauthDeps, change: Change, client: BoundClient, form: Form): Promise<TokenResponse>;
}

/** What is asked for; an access token where nothing is said. @see RFC 8693 §2.1 */
export const requestedType = (form: Form): string => form.requested_token_type ?? ACCESS_TOKEN;
