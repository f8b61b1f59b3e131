import type { Handler } from 'hono';
import { VezaError } from '../../../domain/errors.ts';
import { readStory } from '../../../operations/story.ts';
import type { ConsoleDeps, ConsoleEnv } from '../deps.ts';
import { typed } from '../query.ts';
import { storyPath } from '../views/links.ts';

/** Leads to the page of the row that an id names: our id, a workflow's, or a provider's. Throws `subject_not_found`. */
export const search =
  ({ db }: ConsoleDeps): Handler<ConsoleEnv> =>
  async (c) => {
    const asked = typed(c.req.query('q'));
    if (asked === undefined) throw new VezaError('subject_not_found', 'Type an id to look for.');
    const { subject } = await readStory(db, asked);
    return c.redirect(storyPath(subject), 303);
  };
