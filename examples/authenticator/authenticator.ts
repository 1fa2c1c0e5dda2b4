import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { type Cbor, encodeCbor } from "./cbor.ts";

/** What a page asks of `navigator.credentials.create`, as far as this authenticator reads it. */
export interface CreationOptions {
  challenge: string;
  rp: { id?: string; name: string };
  user: { id: string; name: string; displayName: string };
  pubKeyCredParams: readonly { alg: number; type: string }[];
  excludeCredentials?: readonly { id: string }[];
}

/** What a page asks of `navigator.credentials.get`. */
export interface RequestOptions {
  challenge: string;
  rpId?: string;
  allowCredentials?: readonly { id: string }[];
}

/** @see WebAuthn Level 3 §5.1, RegistrationResponseJSON */
export interface RegistrationResponse {
  id: string;
  rawId: string;
  type: "public-key";
  response: { clientDataJSON: string; attestationObject: string };
  clientExtensionResults: Record<string, never>;
}

/** @see WebAuthn Level 3 §5.1, AuthenticationResponseJSON */
export interface AuthenticationResponse {
  id: string;
  rawId: string;
  type: "public-key";
  response: { clientDataJSON: string; authenticatorData: string; signature: string; userHandle: string };
  clientExtensionResults: Record<string, never>;
}

/** An authenticator and the browser in front of it, in one. Its keys never leave it. */
export interface Authenticator {
  /** Makes a passkey for the page at this origin. */
  create(origin: string, options: CreationOptions): RegistrationResponse;
  /** Signs the page's challenge with a passkey that it may use. */
  get(origin: string, options: RequestOptions): AuthenticationResponse;
}

interface Passkey {
  id: Buffer;
  rpId: string;
  userHandle: string;
  key: KeyObject;
  counter: number;
}

const ES256 = -7;
const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const ATTESTED_DATA = 0x40;

/**
 * A scripted but genuine authenticator: real keys made in memory, real signatures over what WebAuthn says
 * is signed. Only the person is scripted: it takes her presence and verification as given.
 * @see WebAuthn Level 3 §6
 */
export function softwareAuthenticator(): Authenticator {
  const passkeys: Passkey[] = [];
  return {
    create: (origin, options) => {
      const rpId = relyingPartyOf(origin, options.rp.id);
      const excluded = (options.excludeCredentials ?? []).map(({ id }) => id);
      if (passkeys.some((mine) => excluded.includes(text(mine.id))))
        throw new Error("there is a passkey already");
      if (!options.pubKeyCredParams.some(({ alg }) => alg === ES256))
        throw new Error("only ES256 is spoken here");
      const { passkey, publicKey } = makePasskey(rpId, options.user.id);
      passkeys.push(passkey);
      return registration(origin, options.challenge, passkey, publicKey);
    },
    get: (origin, options) => {
      const rpId = relyingPartyOf(origin, options.rpId);
      const allowed = options.allowCredentials?.map(({ id }) => id) ?? [];
      const usable = passkeys.filter((mine) => mine.rpId === rpId);
      const passkey = usable.findLast((mine) => allowed.length === 0 || allowed.includes(text(mine.id)));
      if (passkey === undefined) throw new Error(`no passkey for ${rpId}`);
      return assertion(origin, options.challenge, passkey);
    },
  };
}

/** A page may only ask for its own host or a parent of it. */
function relyingPartyOf(origin: string, asked: string | undefined): string {
  const host = new URL(origin).hostname;
  const rpId = asked ?? host;
  if (host !== rpId && !host.endsWith(`.${rpId}`)) throw new Error(`${origin} may not ask for ${rpId}`);
  return rpId;
}

function makePasskey(rpId: string, userHandle: string): { passkey: Passkey; publicKey: KeyObject } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { passkey: { id: randomBytes(32), rpId, userHandle, key: privateKey, counter: 0 }, publicKey };
}

function registration(
  origin: string,
  challenge: string,
  passkey: Passkey,
  publicKey: KeyObject,
): RegistrationResponse {
  const aaguid = Buffer.alloc(16);
  const length = Buffer.from([passkey.id.length >> 8, passkey.id.length & 0xff]);
  const attested = Buffer.concat([aaguid, length, passkey.id, coseKey(publicKey)]);
  const authData = authenticatorData(passkey, ATTESTED_DATA, attested);
  const attestationObject = encodeCbor(
    new Map<string, Cbor>([
      ["fmt", "none"],
      ["attStmt", new Map()],
      ["authData", authData],
    ]),
  );
  const clientDataJSON = clientData("webauthn.create", challenge, origin);
  const response = { clientDataJSON: text(clientDataJSON), attestationObject: text(attestationObject) };
  return {
    id: text(passkey.id),
    rawId: text(passkey.id),
    type: "public-key",
    response,
    clientExtensionResults: {},
  };
}

function assertion(origin: string, challenge: string, passkey: Passkey): AuthenticationResponse {
  passkey.counter += 1;
  const authData = authenticatorData(passkey);
  const clientDataJSON = clientData("webauthn.get", challenge, origin);
  const signature = sign("sha256", Buffer.concat([authData, sha256(clientDataJSON)]), passkey.key);
  const response = {
    clientDataJSON: text(clientDataJSON),
    authenticatorData: text(authData),
    signature: text(signature),
    userHandle: passkey.userHandle,
  };
  return {
    id: text(passkey.id),
    rawId: text(passkey.id),
    type: "public-key",
    response,
    clientExtensionResults: {},
  };
}

/** @see WebAuthn Level 3 §6.1 */
function authenticatorData(passkey: Passkey, moreFlags = 0, attested: Uint8Array = new Uint8Array()): Buffer {
  const counter = Buffer.alloc(4);
  counter.writeUInt32BE(passkey.counter);
  const flags = Buffer.from([USER_PRESENT | USER_VERIFIED | moreFlags]);
  return Buffer.concat([sha256(passkey.rpId), flags, counter, attested]);
}

/** COSE_Key: {kty: EC2, alg: ES256, crv: P-256, x, y}. @see RFC 9053 §7.1 */
function coseKey(publicKey: KeyObject): Buffer {
  const { x, y } = publicKey.export({ format: "jwk" });
  return encodeCbor(
    new Map<number, number | Buffer>([
      [1, 2],
      [3, ES256],
      [-1, 1],
      [-2, Buffer.from(String(x), "base64url")],
      [-3, Buffer.from(String(y), "base64url")],
    ]),
  );
}

/** What the browser adds: which page asked, and what for. @see WebAuthn Level 3 §5.8.1 */
const clientData = (type: string, challenge: string, origin: string): Buffer =>
  Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));

const sha256 = (data: Uint8Array | string): Buffer => createHash("sha256").update(data).digest();
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
