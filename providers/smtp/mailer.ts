import MailComposer from 'nodemailer/lib/mail-composer';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import {
  type MailFailure,
  type Mailer,
  type MailResult,
  NO_MAILER,
  type OutgoingMail,
} from '../../domain/accounts/index.ts';
import { ConnectionFault, resultOf } from './results.ts';

export interface MailerSettings {
  /** Undefined: there is no mail server. */
  readonly host: string | undefined;
  readonly port: number;
  readonly tls: 'starttls' | 'implicit' | 'none';
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** For the whole of one mail. */
  readonly timeoutMs: number;
  /** `Veza <no-reply@veza.example>` */
  readonly from: string;
}

/** A mailer that opens a connection a mail: what one server broke cannot break the next mail. */
export function createMailer({ host, ...settings }: MailerSettings): Mailer {
  return host === undefined ? NO_MAILER : mailerAt({ host, ...settings });
}

type Server = MailerSettings & { readonly host: string };

function mailerAt(settings: Server): Mailer {
  const open = new Set<SMTPConnection>();
  return {
    timeoutMs: settings.timeoutMs,
    send: (mail) =>
      withConnection(settings, open, async (connection) =>
        transmit(connection, await compose(mail, settings.from)),
      ),
    greet: async () => {
      const { kind } = await withConnection(settings, open, async () => undefined);
      return kind === 'sent' ? 'reached' : 'unreachable';
    },
    close: () => {
      for (const connection of open) connection.emit('error', new ConnectionFault('closed'));
    },
  };
}

interface Message {
  readonly envelope: { readonly from: string; readonly to: string };
  readonly bytes: Buffer;
}

async function compose(mail: OutgoingMail, from: string): Promise<Message> {
  const { to: address, subject, text, html, messageId, attachments = [] } = mail;
  const node = new MailComposer({
    from,
    // As an object: a comma in an address makes no second recipient of it.
    to: { name: '', address },
    subject,
    text,
    html,
    messageId,
    // RFC 3834: no mailbox answers it that it is away.
    headers: { 'Auto-Submitted': 'auto-generated' },
    attachments: attachments.map((one) => ({ ...one, content: Buffer.from(one.content) })),
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile();
  const { from: sender } = node.getEnvelope();
  return { envelope: { from: sender || '', to: address }, bytes: await node.build() };
}

/** Connects, signs in where there is a user, does it, and quits. `sent` where all of it went well. */
async function withConnection(
  { host, port, tls, user, password, timeoutMs }: Server,
  open: Set<SMTPConnection>,
  use: (connection: SMTPConnection) => Promise<void>,
): Promise<MailResult> {
  const connection = new SMTPConnection({
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    dnsTimeout: timeoutMs,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    socketCloseTimeout: 0,
  });
  open.add(connection);
  let timer: NodeJS.Timeout | undefined;
  // Each of the library's own timeouts is for one step, and begins anew with each byte.
  const broken = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ConnectionFault('ETIMEDOUT')), timeoutMs);
    connection.on('error', reject);
    connection.once('end', () => reject(new ConnectionFault('ECONNECTION')));
  });
  broken.catch(() => undefined);
  let at: MailFailure['at'] = 'connection';
  try {
    const used = async () => {
      await done((callback) => connection.connect(callback));
      if (user !== undefined)
        await done((callback) => connection.login({ user, pass: password ?? '' }, callback));
      at = 'mail';
      await use(connection);
    };
    await Promise.race([used(), broken]);
    connection.quit();
    return { kind: 'sent' };
  } catch (error) {
    connection.close();
    return resultOf(error, at);
  } finally {
    clearTimeout(timer);
    open.delete(connection);
  }
}

const transmit = (connection: SMTPConnection, { envelope, bytes }: Message) =>
  done((callback) => connection.send(envelope, bytes, callback));

const done = (start: (callback: (error?: Error | null) => void) => void) =>
  new Promise<void>((resolve, reject) => {
    start((error) => (error ? reject(error) : resolve()));
  });
