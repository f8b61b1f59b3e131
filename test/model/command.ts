import type fc from 'fast-check';

/** What may happen in a life, as fast-check draws and shrinks it. */
export interface Command<Books, Life> {
  readonly name: string;
  /** Whether there is something that it would be done to. */
  check(books: Books, life: Life): boolean;
  run(books: Books, life: Life): Promise<void>;
  toString(): string;
}

/** Books tell the commands that were carried out, when one fails. */
export interface Told {
  readonly commands: string[];
}

/** The maker of a model's commands. Each is about what `find` finds: where that is null, it is passed over. */
export const commandsOf =
  <Books extends Told, Life>() =>
  <Args, Target>(
    name: string,
    args: Args,
    find: (books: Books, args: Args, life: Life) => Target | null,
    act: (life: Life, books: Books, target: Target, args: Args) => Promise<void>,
  ): Command<Books, Life> => {
    const text = `${name} ${JSON.stringify(args)}`;
    return {
      name,
      check: (books, life) => find(books, args, life) !== null,
      run: async (books, life) => {
        const target = find(books, args, life);
        if (target === null) throw new Error(`there is nothing for ${text}`);
        books.commands.push(text);
        await act(life, books, target, args);
      },
      toString: () => text,
    };
  };

/** Weighs by repetition: what leads to other things comes more often. */
export const many = <Drawn>(count: number, one: fc.Arbitrary<Drawn>): fc.Arbitrary<Drawn>[] =>
  Array.from({ length: count }, () => one);
