/** How often a text is sent before it is prepared: what is asked once costs the server memory and saves nothing. */
const PREPARED_FROM_USE = 3;
/** Texts a process prepares, at most: lists of any length make texts without end, and a connection keeps each until it ends. */
const PREPARED_MAX = 400;
/** Texts that are counted, at most. */
const COUNTED_MAX = 2_000;
/** The server does not know the name, or has it already: a pooler gave us another server in between. */
const NOT_OURS = new Set(['26000', '42P05']);

/**
 * Which statements a process prepares by name. A prepared one takes one round trip where another takes two, and PostgreSQL
 * plans it once. Behind a pooler that hands out another server for each transaction, nothing may be prepared.
 */
export class PreparedTexts {
  #mayPrepare = true;
  #prepared = 0;
  /** Text → how often it was sent; Infinity: it is prepared. */
  readonly #uses = new Map<string, number>();

  /** For good: there is a pooler, or somebody said that there is one. */
  stop(): void {
    this.#mayPrepare = false;
  }

  /** Whether this statement, which is sent now, goes by name. */
  isPrepared(text: string): boolean {
    if (!this.#mayPrepare) return false;
    const uses = (this.#uses.get(text) ?? 0) + 1;
    if (uses === Infinity) return true;
    if (uses < PREPARED_FROM_USE || this.#prepared >= PREPARED_MAX) {
      if (this.#uses.size >= COUNTED_MAX) this.#forgetRare();
      this.#uses.set(text, uses);
      return false;
    }
    this.#prepared += 1;
    this.#uses.set(text, Infinity);
    return true;
  }

  /** Looks at a refusal: a name that is not ours ends the preparing. The statement itself was not carried out. */
  sawRefusal(code: string): void {
    if (NOT_OURS.has(code)) this.stop();
  }

  #forgetRare(): void {
    for (const [text, uses] of this.#uses) if (uses !== Infinity) this.#uses.delete(text);
  }
}
