import type { Addition, RowKind } from './row-kind.ts';
import { asks } from './telling.ts';

/** A kind of row with what higher subjects add: their actions, and what they tell in its story. */
export function withAdditions(row: RowKind, additions: readonly Addition[]): RowKind {
  if (additions.length === 0) return row;
  return {
    ...row,
    actions: [...row.actions, ...additions.flatMap(({ actions }) => actions)],
    async story(db, id) {
      const part = await row.story(db, id);
      if (part === null || 'instead' in part) return part;
      const added = await Promise.all(additions.map((addition) => addition.story(db, id)));
      return {
        ...part,
        rows(flags) {
          const [own, ...others] = part.rows(flags);
          if (own === undefined) return [];
          const may = added.flatMap(({ mayBe }) => asks(own.subject, ...mayBe(own)));
          return [
            { ...own, actions: [...own.actions, ...may] },
            ...added.flatMap(({ rows }) => rows),
            ...others,
          ];
        },
      };
    },
  };
}
