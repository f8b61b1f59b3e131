import { html as template } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';

/** Text that is HTML already. Everything else that a template is given is escaped. */
export type Html = HtmlEscapedString;

export type Content = Html | string | number | false | null | undefined | readonly Content[];

/** Escapes what it is given, in text and in quoted attributes. Hono's own takes anything; this takes what can be shown. */
export const html = (strings: TemplateStringsArray, ...contents: Content[]): Html =>
  // A promise comes only of promises among the contents, and their type lets none in.
  template(strings, ...contents) as Html;
