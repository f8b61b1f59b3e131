// Live updates, and nothing else: every page works without this file. The page is fetched again while somebody looks,
// and the parts that have changed take the place of the old ones.

const EVERY_MS = 5_000;
const AT_REST = 'Updates by itself.';
const status = document.getElementById('live');

/**
 * A part that somebody is in (a menu that is open, a link that has the focus) is left as it is.
 * @param {HTMLElement} part
 */
const isInUse = (part) =>
  part.contains(document.activeElement) || part.querySelector('details[open]') !== null;

async function refresh() {
  const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
  // Signed out meanwhile: the login is a page to go to, not to show in part.
  if (answer.redirected) return location.reload();
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const part of document.querySelectorAll('[data-live]')) {
    const next = fresh.getElementById(part.id);
    if (!(part instanceof HTMLElement) || next === null || isInUse(part)) continue;
    if (next.innerHTML === part.innerHTML) continue;
    // Read out when it says something new; ages that grow are no news.
    const news = next.dataset['summary'] ?? '';
    if (news !== part.dataset['summary']) tell(news);
    part.dataset['summary'] = news;
    part.replaceChildren(...next.childNodes);
  }
}

/** @param {string} text */
function tell(text) {
  if (status === null || status.textContent === text) return;
  status.hidden = false;
  status.textContent = text;
}

let failures = 0;
async function look() {
  if (document.visibilityState === 'visible') {
    try {
      await refresh();
      if (failures > 1) tell(AT_REST);
      failures = 0;
    } catch {
      failures += 1;
      if (failures > 1) tell('No answer at the moment: what you see may be old.');
    }
  }
  setTimeout(look, EVERY_MS);
}

tell(AT_REST);
setTimeout(look, EVERY_MS);
