/** What a mail says, before it is text or HTML. */
export interface MailContent {
  readonly subject: string;
  /** Paragraphs. */
  readonly lines: readonly string[];
  /** Names and values, below the paragraphs. */
  readonly facts?: readonly (readonly [name: string, value: string])[];
  readonly link?: { readonly label: string; readonly url: string };
  /** Paragraphs below the link. */
  readonly after?: readonly string[];
}

/** What mails know of the shop. */
export interface MailSite {
  /** Where people use it, without a slash at the end. */
  readonly appUrl: string;
}

/** The text of one kind of mail. Pure, and every value is as it stands in the mail's row. */
export type MailTemplate<Params> = (params: Params, site: MailSite) => MailContent;

export interface WrittenMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** A mail as it is sent: plain text, and HTML that loads nothing from anywhere. */
export const writeOut = (content: MailContent): WrittenMail => ({
  // What somebody named may have line breaks.
  subject: content.subject.replaceAll(/\s+/g, ' ').trim(),
  text: textOf(content),
  html: htmlOf(content),
});

const STRANGERS_WORDS_MAX = 140;

/** What a stranger chose, for somebody else's mail: no mail program makes a link of it, and it is no longer than a line or two. */
export const withoutLinks = (text: string): string =>
  (text.length > STRANGERS_WORDS_MAX ? `${text.slice(0, STRANGERS_WORDS_MAX)}…` : text)
    .replaceAll(/[.\u3002\uFF0E\uFF61](?=[\p{L}\p{N}]*\p{L})/gu, '[.]')
    .replaceAll(/:(?=\/|\\)/g, '[:]')
    .replaceAll(/\s+/g, ' ');

/** A day, as mails write it: `2026-12-13`. */
export const dayOf = (at: string): string => at.slice(0, 10);

/** A time, as mails write it: `2026-12-13 10:00 UTC`. */
export const minuteOf = (at: string): string => `${dayOf(at)} ${at.slice(11, 16)} UTC`;

function textOf({ lines, facts = [], link, after = [] }: MailContent): string {
  const parts = [
    ...lines,
    ...(facts.length > 0 ? [facts.map(([name, value]) => `${name}: ${value}`).join('\n')] : []),
    ...(link ? [`${link.label}:\n${link.url}`] : []),
    ...after,
  ];
  return `${parts.join('\n\n')}\n`;
}

const FONT = 'font-family:system-ui,-apple-system,sans-serif;font-size:16px;line-height:1.5;color:#1a1a1a';
const BUTTON =
  'display:inline-block;padding:12px 20px;border-radius:6px;background:#1a1a1a;color:#ffffff;text-decoration:none';

function htmlOf({ subject, lines, facts = [], link, after = [] }: MailContent): string {
  const paragraph = (line: string) => `<p>${escaped(line)}</p>`;
  const fact = ([name, value]: readonly [string, string]) =>
    `<tr><th scope="row" style="padding:2px 16px 2px 0;text-align:left">${escaped(name)}</th><td>${escaped(value)}</td></tr>`;
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    `<title>${escaped(subject)}</title></head><body style="${FONT}">`,
    ...lines.map(paragraph),
    ...(facts.length > 0 ? [`<table>${facts.map(fact).join('')}</table>`] : []),
    ...(link
      ? [
          `<p><a href="${escaped(link.url)}" style="${BUTTON}">${escaped(link.label)}</a></p>`,
          `<p>Or open this address: ${escaped(link.url)}</p>`,
        ]
      : []),
    ...after.map(paragraph),
    '</body></html>\n',
  ].join('\n');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
