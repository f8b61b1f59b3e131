import { createRoute, z } from '@hono/zod-openapi';
import { readStory } from '../../operations/story.ts';
import { onlyRoles } from '../middleware/access.ts';
import { fails, FOR_ROLES, defineRoute, json } from '../kernel/index.ts';
import { showStory, Story } from './story-view.ts';

const Query = z.object({
  subject: z.string().min(1).max(255).openapi({
    description: 'A workflow id, any of our ids, or a provider’s id',
    example: 'refund/…',
  }),
});

const route = createRoute({
  method: 'get',
  path: '/admin/story',
  operationId: 'getStory',
  summary: 'One row’s whole story: all that happened to its order, in order of time',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { query: Query },
  responses: {
    200: json(z.object({ story: Story }), 'How it stands, and what happened'),
    ...fails(...FOR_ROLES, 'validation_failed', 'subject_not_found'),
  },
});

export const getStory = defineRoute(route, async (c) => {
  const { db, config } = c.var.deps;
  const story = await readStory(db, c.req.valid('query').subject);
  const ui = { url: config.TEMPORAL_UI_URL, namespace: config.TEMPORAL_NAMESPACE };
  return c.json({ story: showStory(story, ui) }, 200);
});
