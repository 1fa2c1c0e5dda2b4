import koffi, { type LibraryHandle } from "koffi";

/** What PKCS #11 calls things, as far as we call them. @see PKCS #11 v3.1 §5, Annex A */
export const CK = {
  OK: 0x00,
  SLOT_ID_INVALID: 0x03,
  DEVICE_ERROR: 0x30,
  DEVICE_REMOVED: 0x32,
  SESSION_CLOSED: 0xb0,
  SESSION_HANDLE_INVALID: 0xb3,
  PIN_INCORRECT: 0xa0,
  PIN_INVALID: 0xa1,
  PIN_LEN_RANGE: 0xa2,
  PIN_LOCKED: 0xa4,
  TOKEN_NOT_PRESENT: 0xe0,
  USER_ALREADY_LOGGED_IN: 0x100,
  USER_NOT_LOGGED_IN: 0x101,
  ALREADY_INITIALIZED: 0x191,
} as const;

/** A module answered that it did not do what it was asked. */
export class CryptokiError extends Error {
  override readonly name = "CryptokiError";
  readonly code: number;

  constructor(called: string, code: number) {
    super(`${called} returned 0x${code.toString(16)}`);
    this.code = code;
  }
}

/** The places of functions in CK_FUNCTION_LIST, and how they are called. Every one returns CK_RV. */
const FUNCTIONS = {
  C_Initialize: [0, "void *"],
  C_GetSlotList: [4, "uint8_t, void *, void *"],
  C_GetTokenInfo: [6, "unsigned long, void *"],
  C_OpenSession: [12, "unsigned long, unsigned long, void *, void *, void *"],
  C_CloseSession: [13, "unsigned long"],
  C_Login: [18, "unsigned long, unsigned long, void *, unsigned long"],
  C_DestroyObject: [22, "unsigned long, unsigned long"],
  C_GetAttributeValue: [24, "unsigned long, unsigned long, void *, unsigned long"],
  C_FindObjectsInit: [26, "unsigned long, void *, unsigned long"],
  C_FindObjects: [27, "unsigned long, void *, unsigned long, void *"],
  C_FindObjectsFinal: [28, "unsigned long"],
  C_SignInit: [42, "unsigned long, void *, unsigned long"],
  C_Sign: [43, "unsigned long, void *, unsigned long, void *, void *"],
  C_GenerateKeyPair: [
    59,
    "unsigned long, void *, void *, unsigned long, void *, unsigned long, void *, void *",
  ],
} as const;
type FunctionName = keyof typeof FUNCTIONS;

type Argument = number | bigint | Buffer | null;
type Called = { async(...args: unknown[]): void };

/** CK_VERSION, and what aligns the first pointer behind it. */
const LIST_HEAD = 8;
const POINTER = 8;
/** CK_C_INITIALIZE_ARGS: `flags` behind four pointers. The calls come from several threads. */
const INITIALIZE_ARGS = 48;
const FLAGS_AT = 32;
const OS_LOCKING_OK = 2n;

/** What others' libraries may need of a stack; koffi's own 128 KiB are too few for some. */
const STACK_BYTES = 1024 * 1024;

/** A PKCS #11 module in this process. Its calls run in threads of their own, never on the event loop. */
export class Cryptoki {
  readonly #functions: Readonly<Record<FunctionName, Called>>;
  /** What a thread works on must not be collected meanwhile. */
  readonly #inUse = new Set<readonly Argument[]>();

  /** Held for ever: a library that nobody refers to any more would be unloaded under its functions. */
  static readonly #libraries = new Map<string, LibraryHandle>();
  static readonly #made = new Map<string, Promise<Cryptoki>>();

  private constructor(functions: Readonly<Record<FunctionName, Called>>) {
    this.#functions = functions;
  }

  /**
   * Loads and initializes a module, once for this process. It gets the libraries that it was built with, and not
   * the OpenSSL that Node brings.
   * @param path absolute: a library of this name somewhere else is another one
   * @throws CryptokiError, or Error where it cannot be loaded
   */
  static load(path: string): Promise<Cryptoki> {
    const known = Cryptoki.#made.get(path);
    if (known !== undefined) return known;
    koffi.config({ async_stack_size: STACK_BYTES });
    const library = Cryptoki.#libraries.get(path) ?? koffi.load(path, { deep: true });
    Cryptoki.#libraries.set(path, library);
    const made = Cryptoki.#from(library);
    Cryptoki.#made.set(path, made);
    made.catch(() => Cryptoki.#made.delete(path));
    return made;
  }

  static async #from(library: LibraryHandle): Promise<Cryptoki> {
    const getList = library.func("unsigned long C_GetFunctionList(_Out_ void **list)");
    const list: bigint[] = [0n];
    const code = Number(getList(list));
    if (code !== CK.OK) throw new CryptokiError("C_GetFunctionList", code);
    const entries = Object.entries(FUNCTIONS).map(([name, [index, takes]]) => {
      const pointer = koffi.decode(list[0], LIST_HEAD + index * POINTER, "void *");
      return [name, koffi.decode(pointer, koffi.proto(`unsigned long (${takes})`))] as const;
    });
    const made = new Cryptoki(Object.fromEntries(entries) as Record<FunctionName, Called>);
    await made.#initialize();
    return made;
  }

  async #initialize(): Promise<void> {
    const args = Buffer.alloc(INITIALIZE_ARGS);
    args.writeBigUInt64LE(OS_LOCKING_OK, FLAGS_AT);
    const code = await this.ask("C_Initialize", args);
    if (code !== CK.OK && code !== CK.ALREADY_INITIALIZED) throw new CryptokiError("C_Initialize", code);
  }

  /** @throws CryptokiError unless it returned CKR_OK */
  async call(name: FunctionName, ...args: Argument[]): Promise<void> {
    const code = await this.ask(name, ...args);
    if (code !== CK.OK) throw new CryptokiError(name, code);
  }

  /** @returns CK_RV */
  ask(name: FunctionName, ...args: Argument[]): Promise<number> {
    this.#inUse.add(args);
    const called = new Promise<number>((resolve, reject) => {
      this.#functions[name].async(...args, (error: Error | null, code: number | bigint) =>
        error === null ? resolve(Number(code)) : reject(error),
      );
    });
    return called.finally(() => this.#inUse.delete(args));
  }
}

/** One attribute of an object: its type (CKA_…), and its value. */
export type Attribute = readonly [type: number, value: Buffer];

/** CK_ATTRIBUTE: type, pointer and length, eight bytes each. */
const ATTRIBUTE = 24;

/**
 * Lays attributes out as C has them, for as long as the call lasts: what a Buffer holds may move, and what a module
 * is given may not.
 */
export async function withTemplate<T>(
  attributes: readonly Attribute[],
  use: (template: Buffer, count: number) => Promise<T>,
): Promise<T> {
  const template = Buffer.alloc(ATTRIBUTE * attributes.length);
  const held = attributes.map(([type, value], i) => {
    const place = koffi.alloc("uint8_t", Math.max(1, value.length));
    koffi.encode(place, koffi.array("uint8_t", value.length), value);
    template.writeBigUInt64LE(BigInt(type), i * ATTRIBUTE);
    template.writeBigUInt64LE(koffi.address(place), i * ATTRIBUTE + 8);
    template.writeBigUInt64LE(BigInt(value.length), i * ATTRIBUTE + 16);
    return { place, value };
  });
  try {
    return await use(template, attributes.length);
  } finally {
    for (const { place, value } of held) {
      const bytes = koffi.decode(place, koffi.array("uint8_t", value.length)) as Iterable<number>;
      value.set(Uint8Array.from(bytes));
      koffi.free(place);
    }
  }
}

/** CK_ULONG as it lies in memory. */
export function ulong(number = 0): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(number));
  return bytes;
}

export const readUlong = (bytes: Buffer): number => Number(bytes.readBigUInt64LE());
