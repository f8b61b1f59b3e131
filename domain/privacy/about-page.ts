/** What the page in a copy tells its person. Times are ISO 8601. */
export interface AboutCopy {
  readonly requestedAt: string;
  readonly parts: readonly {
    readonly name: string;
    readonly about: string;
    readonly rows: number;
    readonly missing: number;
  }[];
  /** Why something is not in it: each reason, with what it is about. */
  readonly leftOut: readonly { readonly why: string; readonly what: readonly string[] }[];
  /** How long things are kept, in words. */
  readonly terms: readonly { readonly what: string; readonly howLong: string }[];
}

const PURPOSES = [
  'We keep your account so that you can sign in, and so that nobody else can.',
  'We keep orders, payments, refunds, licences and invoices since you and others bought or sold something here.',
  'We keep what was booked, since tax and commercial law ask for it.',
  'We keep from where you signed in for a while, so that you can see whether it was you.',
] as const;

const RECIPIENTS = [
  'Hyperswitch and the payment services behind it take payments and give money back.',
  'Stripe sends sellers their money.',
  'Our mail server sends our mails to you.',
  'Sellers learn what was sold, and not who bought it. Buyers see the public name of the seller.',
] as const;

const RIGHTS = [
  'You may correct your profile and your address at any time, in the settings.',
  'You may leave at any time, in the settings. What is personal is erased then; what the law asks us to keep stays.',
  'You may object to what we do with your data, or ask us to do less with it.',
  'You may complain to a data protection authority.',
] as const;

const escape = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

const list = (items: readonly string[]): string =>
  `<ul>\n${items.map((item) => `<li>${escape(item)}</li>`).join('\n')}\n</ul>`;

const row = (cells: readonly (string | number)[]): string =>
  `<tr>${cells.map((cell) => `<td>${escape(String(cell))}</td>`).join('')}</tr>`;

const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  `<table>\n<tr>${head.map((cell) => `<th>${escape(cell)}</th>`).join('')}</tr>\n${rows.map(row).join('\n')}\n</table>`;

/** The page that explains a copy to its person: what is in it, why it is held, how long, who gets it, and what is left out. */
export const aboutPage = ({ requestedAt, parts, leftOut, terms }: AboutCopy): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>The copy of your data</title>
<style>body{font-family:sans-serif;max-width:50em;margin:2em auto;padding:0 1em}td,th{text-align:left;padding:.2em 1em .2em 0;vertical-align:top}</style>
</head>
<body>
<h1>The copy of your data</h1>
<p>This is what we held on you when you asked for it, ${escape(requestedAt)}. Each part is there twice: as JSON for programs, and
as CSV for spreadsheets. All times are UTC. Amounts are in the smallest unit of their currency: cents, for example.</p>
<h2>What is in it</h2>
${table(
  ['Part', 'What it is', 'Rows', 'Could not be read'],
  parts.map(({ name, about, rows, missing }) => [name, about, rows, missing]),
)}
<h2>Why we hold it</h2>
${list(PURPOSES)}
<h2>How long we hold it</h2>
${table(
  ['What', 'How long'],
  terms.map(({ what, howLong }) => [what, howLong]),
)}
<h2>Who gets it</h2>
${list(RECIPIENTS)}
<h2>What you may do</h2>
${list(RIGHTS)}
<h2>What is left out</h2>
${list([
  'Of other people there is the public name alone. What operators wrote to do their work is theirs.',
  ...leftOut.map(({ why, what }) => `${what.join(', ')}: ${why}`),
])}
</body>
</html>
`;
