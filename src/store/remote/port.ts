/** A shared store of texts, as the rest reaches it. Each call may hang or fail: who calls limits the time. */
export interface RemotePort {
  /**
   * For people, never with a password or user name: `redis://cache.example:6379/0`, `postgres://db.example:5432/app`, or
   * `a Keyv with KeyvRedis`.
   */
  readonly name: string
  /**
   * A value's text; `undefined` where the store says there is none.
   *
   * @throws whatever the store does: errors are never swallowed where that can be told
   */
  get(key: string): Promise<string | undefined>
  /** @throws whatever the store does, and where it says that nothing was set */
  set(key: string, value: string): Promise<void>
  /** Missing where the store can't set a value only if it is absent, in one step. */
  readonly claims: Claims | undefined
  /**
   * Why what is written may not last, as a clause ("its maxmemory-policy is allkeys-lru, so that it drops what was paid for
   * when it is full"); `undefined` where nothing speaks against it or nobody can tell.
   */
  findWeakness(): Promise<string | undefined>
  /** Whether it can be opened anew when it was closed: then it is closed whenever nobody uses it. */
  readonly canReopen: boolean
  /** Ends the connection, so that the process can end. Afterwards the port is not used any more. */
  close(): Promise<void>
}

/** Texts that are set once and never changed. Keys have at most 200 characters. */
export interface Claims {
  /** The key under which the store has the text, for people. */
  keyOf(key: string): string
  /**
   * Sets a text unless one is there, in one step.
   *
   * @returns the text that stands there afterwards: ours, or that of who came first
   */
  create(key: string, text: string): Promise<string>
  /** The text that stands there. */
  read(key: string): Promise<string | undefined>
  /** Sets a text whatever stands there: for who has found out that what stands there counts for nothing. */
  replace(key: string, text: string): Promise<void>
}
