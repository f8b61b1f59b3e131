import { and, desc, eq, gt, inArray, ne, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { VezaError } from '../../../domain/errors.ts';
import { EXPORTS_A_DAY, EXPORTS_EVERY_MS } from '../../../domain/privacy/exports.ts';
import { exportWorkflowId } from '../../../domain/privacy/ids.ts';
import { lockAccount } from '../../accounts/index.ts';
import type { Db, Tx } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { type DataExport, dataExports } from '../schema.ts';

/**
 * Asks for a copy of what is held on a person. While one is open, that one is it. Throws `export_limit_reached`, with
 * `retry_after_s`, and `user_not_found` where the person is being erased.
 */
export async function requestExport(db: Db, userId: string, act: Act): Promise<DataExport> {
  return db.transaction(async (tx) => {
    const { status } = await lockAccount(tx, userId);
    if (status === 'erasing' || status === 'erased')
      throw new VezaError('user_not_found', `There is no user ${userId}, or they have left.`);
    const [open] = await tx
      .select()
      .from(dataExports)
      .where(and(eq(dataExports.userId, userId), inArray(dataExports.status, ['queued', 'building'])));
    if (open !== undefined) return open;
    await refuseTooMany(tx, userId);
    const [made] = await tx.insert(dataExports).values({ id: uuidv7(), userId }).returning();
    if (made === undefined) throw new Error('the export was not written');
    await writeAuditLog(tx, act, {
      action: 'user.export_request',
      subject: exportWorkflowId(made.id),
      before: null,
      after: { status: made.status },
    });
    return made;
  });
}

/** Throws `export_limit_reached`. */
async function refuseTooMany(tx: Tx, userId: string): Promise<void> {
  const ago = sql`clock_timestamp() - ${EXPORTS_EVERY_MS}::float8 * interval '1 millisecond'`;
  const counted = await tx
    .select({ freeInS: sql`ceil(extract(epoch FROM ${dataExports.requestedAt} - (${ago})))`.mapWith(Number) })
    .from(dataExports)
    .where(
      and(
        eq(dataExports.userId, userId),
        ne(dataExports.status, 'failed'),
        gt(dataExports.requestedAt, sql`${ago}`),
      ),
    )
    .orderBy(desc(dataExports.requestedAt))
    .limit(EXPORTS_A_DAY);
  const last = counted[EXPORTS_A_DAY - 1];
  if (last === undefined) return;
  const waitS = Math.max(last.freeInS, 1);
  throw new VezaError(
    'export_limit_reached',
    `You may ask for ${EXPORTS_A_DAY} copies a day. The next one is free in ${waitS} s.`,
    { retry_after_s: waitS },
  );
}
