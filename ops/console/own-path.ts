const HOME = '/ops';
/** It goes into a header, and comes back in one. */
const PATH_MAX_CHARS = 2_000;

/** Where to go after the login: always a page of the console. */
export function ownPath(asked: string | undefined): string {
  if (asked === undefined || asked.length > PATH_MAX_CHARS || !/^\/ops(?:[/?]|$)/.test(asked)) return HOME;
  // As a browser will read it: backslashes, dots and all.
  const base = 'http://console.invalid';
  if (!URL.canParse(asked, base)) return HOME;
  const { origin, pathname, search } = new URL(asked, base);
  const isOwn = origin === base && (pathname === HOME || pathname.startsWith(`${HOME}/`));
  return isOwn && !pathname.startsWith(`${HOME}/login`) ? `${pathname}${search}` : HOME;
}

/** The page that a form was sent from, to come back to it. */
export const pageBefore = (referer: string | undefined): string => {
  if (referer === undefined || !URL.canParse(referer)) return HOME;
  const { pathname, search } = new URL(referer);
  return ownPath(`${pathname}${search}`);
};
