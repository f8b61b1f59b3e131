import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Mailer, OutgoingMail } from '../../domain/accounts/mailer.ts';
import { createMailer, type MailerSettings } from '../../providers/smtp/mailer.ts';
import { type SmtpSandbox, type SmtpSandboxOptions, startSmtpSandbox } from '../../stand-ins/smtp/index.ts';

const TO = 'ada@people.example';
const MAIL: OutgoingMail = {
  to: TO,
  subject: 'Confirm your address',
  text: 'Open https://shop.example/verify-email#token=abc today.',
  html: '<p>Open <a href="https://shop.example/verify-email#token=abc">this</a> today.</p>',
  messageId: '<one@shop.example>',
};

let smtp: SmtpSandbox;
const opened: { close(): unknown }[] = [];

beforeAll(async () => {
  smtp = await startSmtpSandbox();
});
afterEach(async () => {
  smtp.control.clearFaults();
  await smtp.control.comeBack();
  for (const one of opened.splice(0)) await one.close();
});
afterAll(() => smtp.close());

const settingsOf = ({ host, port }: SmtpSandbox): MailerSettings => ({
  host,
  port,
  tls: 'none',
  timeoutMs: 2_000,
  from: 'Veza <no-reply@shop.example>',
});
function mailerOf(set: Partial<MailerSettings> = {}, server = smtp): Mailer {
  const mailer = createMailer({ ...settingsOf(server), ...set });
  opened.push(mailer);
  return mailer;
}
async function otherServer(o: SmtpSandboxOptions): Promise<SmtpSandbox> {
  const server = await startSmtpSandbox(o);
  opened.push(server);
  return server;
}

describe('a mail', () => {
  test('arrives as it was written', async () => {
    const before = smtp.control.messages(TO).length;
    const attachments = [
      { filename: 'receipt.pdf', contentType: 'application/pdf', content: Buffer.from('%PDF-1.7') },
    ];

    expect(await mailerOf().send({ ...MAIL, attachments })).toEqual({ kind: 'sent' });

    const mails = smtp.control.messages(TO);
    expect(mails).toHaveLength(before + 1);
    const mail = mails.at(-1);
    expect(mail).toMatchObject({
      to: TO,
      from: 'no-reply@shop.example',
      subject: 'Confirm your address',
      messageId: '<one@shop.example>',
      links: ['https://shop.example/verify-email#token=abc'],
    });
    expect(mail?.html).toContain('<a href="https://shop.example/verify-email#token=abc">this</a>');
    expect(mail?.headers).toMatchObject({
      from: 'Veza <no-reply@shop.example>',
      'auto-submitted': 'auto-generated',
    });
    const [attached] = mail?.attachments ?? [];
    expect(attached).toMatchObject({ filename: 'receipt.pdf', contentType: 'application/pdf' });
    expect(Buffer.from(attached?.content ?? []).toString()).toBe('%PDF-1.7');
  });

  test('goes to one address, whatever stands in it', async () => {
    const to = 'eve,mallory@people.example';
    await mailerOf().send({ ...MAIL, to });
    expect(smtp.control.messages().filter((mail) => mail.to !== to && mail.to !== TO)).toEqual([]);
  });

  test('has no header that its subject made up', async () => {
    await mailerOf().send({ ...MAIL, subject: 'Hello\r\nBcc: eve@people.example' });
    const mail = smtp.control.messages(TO).at(-1);
    expect(mail?.headers['bcc']).toBeUndefined();
    expect(smtp.control.messages('eve@people.example')).toEqual([]);
  });
});

describe('what the mail server says', () => {
  test.each(['recipient', 'message'] as const)('refuses at the %s for good: its status alone', async (at) => {
    smtp.control.addFault({ kind: 'refuse', at });
    expect(await mailerOf().send(MAIL)).toEqual({ kind: 'refused', status: 550 });
  });

  test.each(['recipient', 'message'] as const)('defers at the %s: its status is the code', async (at) => {
    smtp.control.addFault({ kind: 'defer', at });
    expect(await mailerOf().send(MAIL)).toEqual({ kind: 'unknown', code: '451', at: 'mail' });
  });

  test('stalls: no longer than the time for a mail', async () => {
    smtp.control.addFault({ kind: 'stall' });
    const begunAtMs = performance.now();
    expect(await mailerOf({ timeoutMs: 300 }).send(MAIL)).toEqual({
      ...{ kind: 'unknown', code: 'ETIMEDOUT', at: 'mail' },
    });
    expect(performance.now() - begunAtMs).toBeLessThan(30_000);
  });

  test('drops the connection when all was sent', async () => {
    smtp.control.addFault({ kind: 'drop' });
    expect(await mailerOf().send(MAIL)).toMatchObject({ kind: 'unknown' });
  });

  test('is away', async () => {
    await smtp.control.goAway();
    const mailer = mailerOf();
    expect(await mailer.send(MAIL)).toEqual({ kind: 'unknown', code: 'ESOCKET', at: 'connection' });
    expect(await mailer.greet()).toBe('unreachable');
    await smtp.control.comeBack();
    expect(await mailer.send(MAIL)).toEqual({ kind: 'sent' });
  });

  test('refuses us and not the mail: unknown', async () => {
    const guarded = await otherServer({ account: { user: 'veza', password: 'right' } });
    expect(await mailerOf({ user: 'veza', password: 'wrong' }, guarded).send(MAIL)).toEqual({
      kind: 'unknown',
      code: '535',
      at: 'connection',
    });
    expect(await mailerOf({}, guarded).send(MAIL)).toEqual({ kind: 'unknown', code: '530', at: 'mail' });
    expect(await mailerOf({ user: 'veza', password: 'right' }, guarded).send(MAIL)).toEqual({ kind: 'sent' });
    smtp.control.addFault({ kind: 'refuse', at: 'greeting', status: 554 });
    expect(await mailerOf().send(MAIL)).toEqual({ kind: 'unknown', code: '554', at: 'connection' });
  });

  test('offers no TLS, or one that nobody vouches for: nothing is sent in the clear', async () => {
    expect(await mailerOf({ tls: 'starttls' }).send(MAIL)).toMatchObject({ kind: 'unknown' });
    const selfSigned = await otherServer({ offersTls: true });
    expect(await mailerOf({ tls: 'starttls' }, selfSigned).send(MAIL)).toMatchObject({ kind: 'unknown' });
    expect(selfSigned.control.messages()).toEqual([]);
  });

  test('is named nowhere: unknown', async () => {
    const mailer = mailerOf({ host: undefined });
    expect(await mailer.send(MAIL)).toEqual({ kind: 'unknown', code: 'no_mail_server', at: 'connection' });
    expect(await mailer.greet()).toBe('unreachable');
  });
});

test('a greeting connects as a mail does, and sends none', async () => {
  const guarded = await otherServer({ account: { user: 'veza', password: 'right' } });
  expect(await mailerOf({ user: 'veza', password: 'right' }, guarded).greet()).toBe('reached');
  expect(await mailerOf({ user: 'veza', password: 'wrong' }, guarded).greet()).toBe('unreachable');
  expect(guarded.control.greetings).toBe(2);
  expect(guarded.control.messages()).toEqual([]);
});

test('a closed mailer ends what is under way', async () => {
  smtp.control.addFault({ kind: 'stall' });
  const mailer = mailerOf({ timeoutMs: 60_000 });
  const sending = mailer.send(MAIL);
  await expect.poll(() => smtp.control.greetings).toBeGreaterThan(0);
  mailer.close();
  expect(await sending).toMatchObject({ kind: 'unknown', code: 'closed' });
});
