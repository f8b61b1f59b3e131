import { beforeAll, expect, it } from 'vitest';
import { createMailer } from '../../providers/smtp/mailer.ts';
import { type MailsPage, startMailsPage } from '../../sandbox/mails.ts';
import { type SmtpSandbox, startSmtpSandbox } from '../../stand-ins/smtp/index.ts';

let smtp: SmtpSandbox;
let page: MailsPage;
beforeAll(async () => {
  smtp = await startSmtpSandbox();
  page = await startMailsPage({ port: 0, control: smtp.control });
  return async () => {
    await page.close();
    await smtp.close();
  };
});

const shown = async () => {
  const response = await fetch(page.url);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=UTF-8']);
  return response.text();
};

it('the page of the embedded stack shows the mails that were taken, newest first, their links as buttons', async () => {
  expect(await shown()).toContain('There are none yet');
  const { host, port } = smtp;
  const from = 'Veza <no-reply@shop.example>';
  const mailer = createMailer({ host, port, tls: 'none', timeoutMs: 5_000, from });
  const mail = { to: 'ada@people.example', html: '<p></p>', messageId: '<1@shop.example>' };
  const link = 'https://shop.example/verify-email#token=abc';
  await mailer.send({ ...mail, subject: 'Confirm your address', text: `Confirm:\n${link}\n` });
  const receipt = { filename: 'VZ-1.pdf', contentType: 'application/pdf', content: Buffer.from('%PDF') };
  const evil = { subject: 'Your plan <script>alert(1)</script>', text: 'It has begun.' };
  await mailer.send({ ...mail, ...evil, attachments: [receipt] });

  const text = await shown();
  expect(text).toContain(`<a href="${link}">`);
  expect(text).toContain('attached: VZ-1.pdf, 4 bytes');
  expect(text).toContain('to ada@people.example');
  expect(text).toContain('&lt;script&gt;');
  expect(text).not.toContain('<script>');
  expect(text.indexOf('Your plan')).toBeLessThan(text.indexOf('Confirm your address'));
});
