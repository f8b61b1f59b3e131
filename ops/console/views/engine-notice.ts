import { VezaError } from '../../../domain/errors.ts';
import type { ConsoleDeps } from '../deps.ts';
import { html, type Html } from '../html.ts';

/** Why nothing at all goes on, where that is so: Temporal or its workers are away. Null where both are there. */
export async function engineNotice({ engine }: Pick<ConsoleDeps, 'engine'>): Promise<Html | null> {
  try {
    const idle = await engine.idleQueues();
    if (idle.length === 0) return null;
    return notice(
      html`No worker polls
      ${idle.map((queue, index) => html`${index > 0 && (index === idle.length - 1 ? ' and ' : ', ')}<code>${queue}</code>`)}:
      nothing in ${idle.length === 1 ? 'that task queue' : 'those task queues'} goes on until one is started.
      Nothing is lost.`,
    );
  } catch (error) {
    if (!(error instanceof VezaError) || error.code !== 'engine_unavailable') throw error;
    return notice(html`Temporal does not answer: nothing goes on until it does. Nothing is lost.`);
  }
}

const notice = (text: Html): Html => html`<p class="notice bad" role="alert">${text}</p>`;
