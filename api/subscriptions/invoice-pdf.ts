import { createRequire } from 'node:module';
import PDFDocument from 'pdfkit';
import type { InvoiceRow } from '../../db/subscriptions/read/invoices.ts';
import { formatMoney } from '../../domain/kernel/index.ts';

/** An invoice that was paid. */
export interface PaidInvoice extends InvoiceRow {
  readonly number: string;
  readonly issuer: string;
  readonly paidAt: Date;
  readonly periodStart: Date;
  readonly periodEnd: Date;
}

const require = createRequire(import.meta.url);

const REGULAR = 'regular';
const BOLD = 'bold';
const MARGIN = 56;
const AMOUNTS_WIDTH = 110;
const MUTED = '#555555';

/**
 * The invoice as a document, as it was when it was paid. Everything in it is the row's, its date and its id too, so that it
 * has the same bytes each time.
 */
export async function invoicePdf(invoice: PaidInvoice): Promise<Buffer> {
  // The fonts that each PDF reader has are those of Western Europe alone. What of these is used goes into the file.
  const regular = require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf');
  const document = new PDFDocument({
    size: 'A4',
    margin: MARGIN,
    font: regular,
    // The file's id is made of these.
    info: {
      Title: `Invoice ${invoice.number}`,
      CreationDate: invoice.paidAt,
      ModDate: invoice.paidAt,
    },
  });
  document.registerFont(REGULAR, regular);
  document.registerFont(BOLD, require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf'));
  const written = collect(document);
  writeInvoice(document, invoice);
  document.end();
  return written;
}

function collect(document: PDFKit.PDFDocument): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    document.on('data', (part: Buffer) => parts.push(part));
    document.on('end', () => resolve(Buffer.concat(parts)));
    document.on('error', reject);
  });
}

function writeInvoice(document: PDFKit.PDFDocument, invoice: PaidInvoice): void {
  const { number, issuer, currency, amountMinor, taxMinor, hyperswitchPaymentId } = invoice;
  writeHead(document, issuer, [
    ['Number', number],
    ['Date', day(invoice.paidAt)],
    ['Period', `${day(invoice.periodStart)} to ${day(invoice.periodEnd)}`],
    ['Issued to', invoice.issuedTo.email],
  ]);
  for (const { description, amountMinor: lineMinor } of invoice.lines) {
    writeAmount(document, description, formatMoney(lineMinor, currency));
  }
  writeRule(document);
  writeAmount(document, 'Net', formatMoney(amountMinor - taxMinor, currency));
  writeAmount(document, 'Tax', formatMoney(taxMinor, currency));
  document.font(BOLD);
  writeAmount(document, 'Total, paid', formatMoney(amountMinor, currency));
  document.font(REGULAR).fillColor(MUTED).fontSize(9).moveDown(2);
  document.text(`Paid on ${day(invoice.paidAt)} by payment ${hyperswitchPaymentId}. Days are in UTC.`);
}

function writeHead(
  document: PDFKit.PDFDocument,
  issuer: string,
  facts: readonly (readonly [name: string, value: string])[],
): void {
  document.font(REGULAR).fontSize(10).fillColor(MUTED);
  for (const line of issuer.split(';')) document.text(line.trim());
  document.moveDown(2).fillColor('black').font(BOLD).fontSize(20).text('Invoice');
  document.font(REGULAR).fontSize(10).moveDown();
  for (const [name, value] of facts) document.text(`${name}: ${value}`);
  document.moveDown(2);
}

/** A line of words, and an amount at the right. */
function writeAmount(document: PDFKit.PDFDocument, words: string, amount: string): void {
  const { left, right } = document.page.margins;
  const width = document.page.width - left - right;
  const { y } = document;
  document.text(amount, left + width - AMOUNTS_WIDTH, y, { width: AMOUNTS_WIDTH, align: 'right' });
  document.text(words, left, y, { width: width - AMOUNTS_WIDTH }).moveDown(0.4);
}

function writeRule(document: PDFKit.PDFDocument): void {
  const { left, right } = document.page.margins;
  const { y } = document;
  document
    .moveTo(left, y)
    .lineTo(document.page.width - right, y)
    .strokeColor(MUTED)
    .stroke();
  document.moveDown(0.6);
}

const day = (at: Date): string => at.toISOString().slice(0, 10);
