import { randomBytes } from "node:crypto";
import { encodeBase64url } from "@countersign/proof/digest";
import { type PublicJwk, parsePublicJwk } from "@countersign/proof/jwk";
import { Fault, type Log, seconds } from "../../lib/index.ts";
import type { KeyModule } from "../key-module.ts";
import { type Attribute, CK, Cryptoki, CryptokiError, readUlong, ulong, withTemplate } from "./cryptoki.ts";
import type { Pkcs11Options } from "./options.ts";
import { openSession } from "./session.ts";
import { Turns } from "./turns.ts";

const CKA = {
  CLASS: 0x00,
  TOKEN: 0x01,
  PRIVATE: 0x02,
  LABEL: 0x03,
  KEY_TYPE: 0x100,
  ID: 0x102,
  SENSITIVE: 0x103,
  SIGN: 0x108,
  VERIFY: 0x10a,
  EXTRACTABLE: 0x162,
  EC_PARAMS: 0x180,
  EC_POINT: 0x181,
} as const;
const [CKO_PUBLIC_KEY, CKO_PRIVATE_KEY, CKK_EC] = [2, 3, 3];
/** The object identifier of P-256, in DER. */
const P256 = Buffer.from("06082a8648ce3d030107", "hex");
/** CK_MECHANISM without a parameter: CKM_EC_KEY_PAIR_GEN, and CKM_ECDSA over a digest that is ready. */
const GENERATE = Buffer.concat([ulong(0x1040), ulong(), ulong()]);
const ECDSA = Buffer.concat([ulong(0x1041), ulong(), ulong()]);

const YES = Buffer.of(1);
const NO = Buffer.of(0);
const SIGNATURE_BYTES = 64;
/** An octet string of an uncompressed point. */
const POINT_BYTES = 67;
const ID_BYTES = 16;
const LABEL = Buffer.from("countersign");

/** How long a module may take before whoever waits is told that it is away. */
const PATIENCE = seconds(5);

/** After these, the session is gone and another one may do. */
const SESSION_LOST: ReadonlySet<number> = new Set([
  CK.SESSION_CLOSED,
  CK.SESSION_HANDLE_INVALID,
  CK.USER_NOT_LOGGED_IN,
  CK.DEVICE_REMOVED,
  CK.DEVICE_ERROR,
  CK.TOKEN_NOT_PRESENT,
]);
/** After these, a module counts: asked again and again with a wrong PIN, it locks itself. */
const PIN_REFUSED: ReadonlySet<number> = new Set([
  CK.PIN_INCORRECT,
  CK.PIN_INVALID,
  CK.PIN_LEN_RANGE,
  CK.PIN_LOCKED,
]);

type Work<T> = (cryptoki: Cryptoki, session: number) => Promise<T>;

/**
 * Keys in an HSM by PKCS #11: pairs on P-256, private halves that never leave it. One session, one call at a time,
 * in threads of their own; a session that was lost is opened again once, a PIN that was refused is never shown again.
 */
export class Pkcs11Module implements KeyModule {
  readonly #options: Pkcs11Options;
  readonly #log: Pick<Log, "error">;
  #cryptoki: Promise<Cryptoki> | undefined;
  #session: number | undefined;
  readonly #turns = new Turns(PATIENCE);
  #pinRefused = false;
  readonly #handles = new Map<string, number>();

  /** Use `openPkcs11`. */
  constructor({ log }: { log: Pick<Log, "error"> }, options: Pkcs11Options) {
    this.#options = options;
    this.#log = log;
  }

  generate(): Promise<{ held: string; publicJwk: PublicJwk }> {
    const work = async (cryptoki: Cryptoki, session: number) => {
      const id = randomBytes(ID_BYTES);
      const [publicHandle, privateHandle] = [ulong(), ulong()];
      await withTemplate(publicTemplate(id), (forPublic, publics) =>
        withTemplate(privateTemplate(id), (forPrivate, privates) =>
          cryptoki.call(
            "C_GenerateKeyPair",
            session,
            GENERATE,
            forPublic,
            publics,
            forPrivate,
            privates,
            publicHandle,
            privateHandle,
          ),
        ),
      );
      const held = id.toString("hex");
      this.#handles.set(held, readUlong(privateHandle));
      try {
        return { held, publicJwk: await publicJwkAt(cryptoki, session, readUlong(publicHandle)) };
      } catch (error) {
        this.#discard(held);
        throw error;
      }
    };
    return this.#inTurn(work, ({ held }) => this.#discard(held));
  }

  /** Nobody will ever name this pair. It goes when it is its turn; what it cannot do is in the log. */
  #discard(held: string): void {
    this.destroy(held).catch(() => undefined);
  }

  sign(held: string, digest: Uint8Array): Promise<Uint8Array> {
    return this.#inTurn(async (cryptoki, session) => {
      const key = await this.#privateHandle(cryptoki, session, held);
      const [signature, length] = [Buffer.alloc(SIGNATURE_BYTES), ulong(SIGNATURE_BYTES)];
      await cryptoki.call("C_SignInit", session, ECDSA, key);
      await cryptoki.call("C_Sign", session, Buffer.from(digest), digest.length, signature, length);
      if (readUlong(length) === SIGNATURE_BYTES) return new Uint8Array(signature);
      throw new Error("the signature is not one of P-256");
    });
  }

  destroy(held: string): Promise<void> {
    return this.#inTurn(async (cryptoki, session) => {
      for (const kind of [CKO_PRIVATE_KEY, CKO_PUBLIC_KEY])
        for (const handle of await find(cryptoki, session, kind, held))
          await cryptoki.call("C_DestroyObject", session, handle);
      this.#handles.delete(held);
    });
  }

  async close(): Promise<void> {
    await this.#turns.idle();
    const session = this.#session;
    this.#session = undefined;
    if (session !== undefined) await (await this.#cryptoki)?.ask("C_CloseSession", session);
  }

  async #privateHandle(cryptoki: Cryptoki, session: number, held: string): Promise<number> {
    const known = this.#handles.get(held);
    if (known !== undefined) return known;
    const [handle, ...others] = await find(cryptoki, session, CKO_PRIVATE_KEY, held);
    if (handle === undefined || others.length > 0) throw new Error("the key is not in the token");
    this.#handles.set(held, handle);
    return handle;
  }

  /** @throws Fault `unavailable` for whatever goes wrong: the cause is for the log, and never holds the PIN */
  async #inTurn<T>(work: Work<T>, undo?: (made: T) => void): Promise<T> {
    try {
      return await this.#turns.take(() => this.#tried(work), undo);
    } catch (cause) {
      this.#log.error(
        { error: (cause as Error).message },
        "the PKCS #11 module did not do what it was asked",
      );
      throw isAway(cause);
    }
  }

  async #tried<T>(work: Work<T>): Promise<T> {
    const fresh = this.#session === undefined;
    try {
      return await work(await this.#loaded(), await this.#opened());
    } catch (error) {
      if (!(error instanceof CryptokiError) || !SESSION_LOST.has(error.code)) throw error;
      this.#forgetSession();
      if (fresh) throw error;
      return work(await this.#loaded(), await this.#opened());
    }
  }

  #loaded(): Promise<Cryptoki> {
    this.#cryptoki ??= Cryptoki.load(this.#options.module).catch((error) => {
      this.#cryptoki = undefined;
      throw error;
    });
    return this.#cryptoki;
  }

  async #opened(): Promise<number> {
    if (this.#pinRefused) throw new Error("its PIN was refused; it is not shown again before the next start");
    try {
      this.#session ??= await openSession(await this.#loaded(), this.#options);
      return this.#session;
    } catch (error) {
      if (error instanceof CryptokiError && PIN_REFUSED.has(error.code)) this.#pinRefused = true;
      throw error;
    }
  }

  #forgetSession(): void {
    this.#session = undefined;
    this.#handles.clear();
  }
}

/**
 * Opens the token, so that a module that cannot be used is found at the start.
 * @throws Fault `unavailable`
 */
export async function openPkcs11(
  deps: { log: Pick<Log, "error"> },
  options: Pkcs11Options,
): Promise<Pkcs11Module> {
  const module = new Pkcs11Module(deps, options);
  await module.destroy(randomBytes(ID_BYTES).toString("hex"));
  return module;
}

const publicTemplate = (id: Buffer): Attribute[] =>
  [
    [CKA.CLASS, ulong(CKO_PUBLIC_KEY)],
    [CKA.KEY_TYPE, ulong(CKK_EC)],
    [CKA.TOKEN, YES],
    [CKA.VERIFY, YES],
    [CKA.EC_PARAMS, P256],
    [CKA.ID, id],
    [CKA.LABEL, LABEL],
  ].map(copied);

const privateTemplate = (id: Buffer): Attribute[] =>
  [
    [CKA.CLASS, ulong(CKO_PRIVATE_KEY)],
    [CKA.KEY_TYPE, ulong(CKK_EC)],
    [CKA.TOKEN, YES],
    [CKA.PRIVATE, YES],
    [CKA.SENSITIVE, YES],
    [CKA.EXTRACTABLE, NO],
    [CKA.SIGN, YES],
    [CKA.ID, id],
    [CKA.LABEL, LABEL],
  ].map(copied);

/** A template's values are written back after the call. */
const copied = ([type, value]: (number | Buffer)[]): Attribute => [
  type as number,
  Buffer.from(value as Buffer),
];

async function find(cryptoki: Cryptoki, session: number, kind: number, held: string): Promise<number[]> {
  const wanted: Attribute[] = [
    [CKA.CLASS, ulong(kind)],
    [CKA.ID, Buffer.from(held, "hex")],
  ];
  const [found, count] = [Buffer.alloc(8 * 2), ulong()];
  await withTemplate(wanted, (template, length) =>
    cryptoki.call("C_FindObjectsInit", session, template, length),
  );
  try {
    await cryptoki.call("C_FindObjects", session, found, 2, count);
  } finally {
    await cryptoki.ask("C_FindObjectsFinal", session);
  }
  return Array.from({ length: readUlong(count) }, (_, i) => readUlong(found.subarray(i * 8)));
}

/** @see PKCS #11 v3.1 §6.3.3: CKA_EC_POINT is the point as an octet string in DER */
async function publicJwkAt(cryptoki: Cryptoki, session: number, handle: number): Promise<PublicJwk> {
  const point = Buffer.alloc(POINT_BYTES);
  await withTemplate([[CKA.EC_POINT, point]], (template, count) =>
    cryptoki.call("C_GetAttributeValue", session, handle, template, count),
  );
  if (point.readUIntBE(0, 3) !== 0x044104) throw new Error("the public key is not a point of P-256");
  const [x, y] = [point.subarray(3, 35), point.subarray(35)].map((half) => encodeBase64url(half));
  return parsePublicJwk({ kty: "EC", crv: "P-256", x: x ?? "", y: y ?? "" });
}

const isAway = (cause: unknown): Fault =>
  new Fault("unavailable", "The PKCS #11 module that holds the keys of SVIDs cannot be used.", {
    remedy: "Check the module, its token and the PIN's file; nothing is signed without it.",
    cause,
  });
