import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectCleanBooks } from '../harness/books.ts';
import { World } from '../harness/world.ts';
import { wordsOf } from '../harness/pdf.ts';
import { overHttp } from './over-http.ts';
import { subscriptionsOf } from './story.ts';

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterAll(async () => {
  await expectCleanBooks(world);
  await world.close();
});

test('the receipt’s mail has the invoice’s PDF with it, the same bytes as its address gives', async () => {
  const { who, invoiceId } = await overHttp(world, subscriptionsOf(world)).subscriber();
  const answer = await fetch(`${world.apiUrl}/api/v1/subscriptions/invoices/${invoiceId}.pdf`, {
    headers: { authorization: `Bearer ${who.token}` },
  });
  expect(answer.status).toBe(200);
  const pdf = Buffer.from(await answer.arrayBuffer());

  await world.temporal.workflow.execute('mails', {
    workflowId: `mails-${uuidv7()}`,
    taskQueue: world.config.TEMPORAL_PEOPLE_TASK_QUEUE,
    args: [{}],
  });
  const mail = await world.smtp.control.waitForMail(
    ({ to, attachments }) => to === `${who.id}@veza.test` && attachments.length > 0,
  );
  const [attached, ...others] = mail.attachments;
  expect(others).toEqual([]);
  const [invoice] = await world.database.sql<{ number: string }[]>`
    SELECT number FROM invoices WHERE id = ${invoiceId}`;
  expect(attached).toMatchObject({ filename: `${invoice!.number}.pdf`, contentType: 'application/pdf' });
  expect(Buffer.compare(Buffer.from(attached!.content), pdf)).toBe(0);
  expect(wordsOf(pdf)).toContain(invoice!.number);
  // No other mail of theirs has one.
  const rest = world.smtp.control.messages(mail.to).filter(({ messageId }) => messageId !== mail.messageId);
  expect(rest.flatMap(({ attachments }) => attachments)).toEqual([]);
});
