import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';
import { type CaughtMail, SmtpControl } from './control.ts';
import { answerOf, type SmtpFault, SmtpFaults, type SmtpStage } from './faults.ts';

export interface SmtpSandboxOptions {
  /** 0 or absent: a free one. */
  readonly port?: number;
  /** Whoever signs in must be this one; nobody has to, unless it is given. */
  readonly account?: { readonly user: string; readonly password: string };
  /** Whether it offers STARTTLS, with a certificate that nobody trusts; false by default. */
  readonly offersTls?: boolean;
}

export interface SmtpSandbox {
  readonly host: string;
  readonly port: number;
  readonly control: SmtpControl;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const LINK = /https?:\/\/[^\s<>"]+/g;
type Callback = (error?: Error | null) => void;

/** A mail server on loopback that keeps what it takes and passes nothing on. */
export async function startSmtpSandbox(o: SmtpSandboxOptions = {}): Promise<SmtpSandbox> {
  const faults = new SmtpFaults();
  let port = o.port ?? 0;
  let server: SMTPServer | null = null;

  const listen = async () => {
    const started = serverOf(o, faults, control);
    const listener: Server = started.listen(port, HOST);
    await once(listener, 'listening');
    port = (listener.address() as AddressInfo).port;
    server = started;
  };
  const stop = async () => {
    const stopping = server;
    server = null;
    if (stopping === null) return;
    const closed = new Promise<void>((resolve) => stopping.close(() => resolve()));
    for (const connection of stopping.connections) cut(connection);
    await closed;
  };
  const control: SmtpControl = new SmtpControl(faults, {
    goAway: stop,
    comeBack: async () => {
      if (server === null) await listen();
    },
  });
  await listen();
  return { host: HOST, port, control, close: stop };
}

function serverOf(o: SmtpSandboxOptions, faults: SmtpFaults, control: SmtpControl): SMTPServer {
  const { account, offersTls = false } = o;
  const at = (stage: SmtpStage, session: SMTPServerSession, to: readonly string[], callback: Callback) => {
    const fault = faults.take(stage, to);
    if (fault === undefined) callback();
    else act(fault, session, to, callback);
  };
  const act = (fault: SmtpFault, { id }: SMTPServerSession, to: readonly string[], callback: Callback) => {
    if (fault.kind === 'refuse' || fault.kind === 'defer') callback(answerOf(fault, to));
    else if (fault.kind === 'drop') for (const one of server.connections) if (one.id === id) cut(one);
  };
  const server = new SMTPServer({
    authOptional: account === undefined,
    disabledCommands: [...(account ? [] : ['AUTH']), ...(offersTls ? [] : ['STARTTLS'])],
    allowInsecureAuth: true,
    disableReverseLookup: true,
    logger: false,
    onAuth: ({ username, password }, _, callback) => {
      const isKnown = username === account?.user && password === account?.password;
      callback(isKnown ? null : new Error(`<${username}> may not`), isKnown ? { user: username } : undefined);
    },
    onConnect: (session, callback) => {
      control.greeted();
      at('greeting', session, [], callback);
    },
    onRcptTo: ({ address }, session, callback) => at('recipient', session, [address], callback),
    onData: (stream, session, callback) => {
      const to = session.envelope.rcptTo.map(({ address }) => address);
      simpleParser(stream, (error: Error | null, parsed) => {
        const fault = faults.take('message', to);
        const isTaken = fault === undefined || ('keeps' in fault && fault.keeps === true);
        if (isTaken && !error) for (const one of to) control.caught(mailOf(one, session, parsed));
        if (fault === undefined) callback(error);
        else act(fault, session, to, callback);
      });
    },
  });
  // A client that breaks off is its own matter.
  server.on('error', () => undefined);
  return server;
}

function mailOf(
  to: string,
  { envelope }: SMTPServerSession,
  parsed: Awaited<ReturnType<typeof simpleParser>>,
): CaughtMail {
  const text = parsed.text ?? '';
  return {
    to,
    from: envelope.mailFrom ? envelope.mailFrom.address : '',
    subject: parsed.subject ?? '',
    text,
    html: parsed.html || '',
    messageId: parsed.messageId ?? '',
    headers: Object.fromEntries(
      parsed.headerLines.map(({ key, line }) => [key, line.slice(key.length + 1).trim()]),
    ),
    attachments: parsed.attachments.map(({ filename = '', contentType, content }) => ({
      filename,
      contentType,
      content,
    })),
    links: text.match(LINK) ?? [],
    receivedAt: new Date(),
  };
}

/** The connections that the library keeps, of which it has no type. */
const cut = ({ ['_socket']: socket }: { readonly _socket?: { destroy(): void } }) => socket?.destroy();
