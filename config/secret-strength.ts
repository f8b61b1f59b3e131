/**
 * How many characters of a secret nobody would guess from the ones around them: words, sequences and repeats do not
 * count. An estimate for what people type: nearly all characters of a generated secret count.
 */
export function unguessedChars(secret: string): number {
  const once = withoutRepeats(secret.replace(KNOWN_PREFIX, ''));
  const isGuessed = Array.from({ length: once.length }, () => false);
  const guess = (from: number, to: number) => void isGuessed.fill(true, from, to);
  for (const { 0: separators, index } of once.matchAll(/[^A-Za-z0-9]+/g))
    guess(index, index + separators.length);
  guessSequences(once.toLowerCase(), guess);
  guessWords(once.toLowerCase(), guess);
  return isGuessed.filter((guessed) => !guessed).length;
}

/** The providers' keys begin with these. */
const KNOWN_PREFIX = /^(?:sk|rk|pk)_(?:live|test)_|^(?:whsec|snd|vz_live)_/;

/** `abcabcabc` becomes `abc`: the shortest part that repeats through the whole text, whose end may be cut off. */
function withoutRepeats(text: string): string {
  for (let length = 1; length <= text.length / 2; length += 1) {
    const part = text.slice(0, length);
    if (part.repeat(Math.ceil(text.length / length)).startsWith(text)) return part;
  }
  return text;
}

const ROWS = ['qwertyuiop', 'qwertzuiop', 'azertyuiop', 'asdfghjkl', 'zxcvbnm', 'yxcvbnm', '1234567890'];
const NEIGHBOURS = new Set(
  ROWS.flatMap((row) =>
    Array.from(row.slice(1)).flatMap((key, at) => [`${row[at]!}${key}`, `${key}${row[at]!}`]),
  ),
);
/** Shorter sequences also occur by chance. */
const SEQUENCE_MIN = 4;

/** The alphabet and numbers, up and down, one character again and again, and rows of a keyboard. */
function guessSequences(text: string, guess: (from: number, to: number) => void): void {
  const stepOf = (at: number) => text.charCodeAt(at + 1) - text.charCodeAt(at);
  const runs = [
    (at: number, from: number) => Math.abs(stepOf(at)) <= 1 && stepOf(at) === stepOf(from),
    (at: number) => NEIGHBOURS.has(text.slice(at, at + 2)),
  ];
  for (const goesOn of runs) {
    let from = 0;
    for (let at = 0; at < text.length; at += 1) {
      if (at + 1 < text.length && goesOn(at, from)) continue;
      if (at + 1 - from >= SEQUENCE_MIN) guess(from, at + 1);
      // A sequence may begin with the character that another ends with.
      from = at + 1 < text.length && at > from && goesOn(at, at) ? at : at + 1;
    }
  }
}

/**
 * Pairs of letters that are common in Europe's languages: of ten pairs in a word some eight are among these, of ten
 * random pairs two.
 */
const COMMON_PAIRS = new Set(
  (
    'th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro ic ne ea ra ce li ch ll be ma si om ur ' +
    'ca el ta la ns di fo ho pe ec pr no ct us ac ot il tr ly nc et ut ss so rs un lo wa ge ie wh ee wi em ad ol rt po we na ul ni ts mo ow pa im mi ai sh ir su ' +
    'id os iv ia am ci vi pl ig tu ev ld ry mp ab op wo sa ay ke fr oo ag ap bo sp rd do uc bu ei by rm ep tt cu ru ck rk ey'
  ).split(' '),
);
const WINDOW = 8;
const COMMON_MIN = WINDOW - 2;

/** Words in half of all passwords and of the secrets that people make up for a service. */
const FAVOURITES = new RegExp(
  'secret|passw(or)?d|password|passwort|token|jwt|key|veza|stripe|hyper(switch)?|webhook|prod(uction)?|staging|test(ing)?|' +
    'admin|root|user|login|welcome|letmein|master|monkey|dragon|football|shadow|hunter|sunshine|princess|iloveyou|' +
    'spring|summer|autumn|winter|monday|change|signing|private|database|postgres|server|service|company|marketplace|' +
    'january|february|march|april|june|july|august|september|october|november|december|(19|20)\\d\\d',
  'g',
);

/** Marks favourites, and each eight letters of which nearly all pairs are common, across any separators. */
function guessWords(text: string, guess: (from: number, to: number) => void): void {
  for (const { 0: word, index } of unleet(text).matchAll(FAVOURITES)) guess(index, index + word.length);
  for (const { 0: word, index } of text.matchAll(FAVOURITES)) guess(index, index + word.length);
  const places = [...text.matchAll(/[a-z0-9@$!]/g)].map(({ index }) => index);
  const letters = places.map((at) => text[at]!).join('');
  for (let from = 0; from + WINDOW <= letters.length; from += 1) {
    const part = letters.slice(from, from + WINDOW);
    const word = part.replace(/[^a-z]/g, '').length >= WINDOW - DISGUISED_MAX ? unleet(part) : part;
    if (!/^[a-z]+$/.test(word)) continue;
    let common = 0;
    for (let at = 0; at + 1 < WINDOW; at += 1) if (COMMON_PAIRS.has(word.slice(at, at + 2))) common += 1;
    if (common >= COMMON_MIN) guess(places[from]!, places[from + WINDOW - 1]! + 1);
  }
}

const LEET: Readonly<Record<string, string>> = {
  ...{ 0: 'o', 1: 'i', 3: 'e', 4: 'a', 5: 's', 7: 't', '@': 'a', $: 's', '!': 'i' },
};
/** `p4ssw0rd`: so many of eight letters may be written as digits. */
const DISGUISED_MAX = 2;
const unleet = (text: string) => text.replace(/[013457@$!]/g, (character) => LEET[character]!);
