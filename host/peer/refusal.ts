/**
 * Why a process, or a thing that it shows, proves nothing. One code each, so that logs, tests and people can tell
 * them apart; what they say names no secret and nothing that the process could not know of itself.
 */
export type RefusalCode =
  /** Not Linux 5.6 or later: nothing can be asked. */
  | "kernel_unsupported"
  /** The kernel names no process: it is in a pid namespace that this one does not see. */
  | "peer_invisible"
  | "peer_exited"
  /** Another process has that pid by now. */
  | "pid_reused"
  /** It runs under another user or group than the one that connected, or than the one that started it. */
  | "user_changed"
  /** It executed another program since it connected. */
  | "program_changed"
  /** It may have executed its program after it connected: another one may speak. */
  | "connection_inherited"
  /** Which of its descriptors the connection is cannot be seen. */
  | "connection_unseen"
  /** `/proc` does not show it to this host. */
  | "unreadable"
  /** A debugger holds it: what it does is not its own doing. */
  | "traced"
  /** The program's file is gone or replaced on disk. */
  | "program_deleted"
  | "program_too_large"
  /** A user made the namespace that it lives in, and may there pretend to run any program. */
  | "foreign_user_namespace"
  /** Its environment makes the loader or the interpreter run other code first. */
  | "environment_loads_code"
  /** An interpreter whose arguments are not read here. */
  | "interpreter_unread"
  /** An interpreter by name, which nothing else shows to be that one. */
  | "interpreter_unproven"
  /** The process's own user may write to its interpreter, or put another one there. */
  | "interpreter_writable"
  /** An option that runs, loads or lets in other code than the script, or that is not known to be harmless. */
  | "interpreter_option"
  /** The arguments are no longer those that it was started with. */
  | "arguments_rewritten"
  /** The script is named relative to a folder that the process may change. */
  | "script_relative"
  | "script_not_a_file"
  /** The script is younger than the process: what is there now is not what runs. */
  | "script_changed"
  /** The process's own user may write to its script. */
  | "script_writable"
  /** A folder or link on the way to the script may be changed by the process, and was. */
  | "script_replaceable"
  /** What is declared to be its script is not what it runs. */
  | "script_differs"
  /** Its control groups name containers that do not agree. */
  | "container_ambiguous"
  /** Its user may make control groups of any name there. */
  | "container_by_user"
  /** The container's runtime does not say which image it runs. */
  | "image_unknown"
  | "file_path"
  | "file_missing"
  | "file_not_regular"
  | "file_too_large"
  | "file_changing"
  /** On a file system that a user's program serves: it could answer differently to everybody, or never. */
  | "file_on_user_filesystem";

/** Nothing is attested, or not that part of it; says what to do. */
export class HostRefusal extends Error {
  override readonly name = "HostRefusal";
  readonly code: RefusalCode;
  readonly remedy: string | undefined;

  constructor(code: RefusalCode, message: string, remedy?: string) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }
}
