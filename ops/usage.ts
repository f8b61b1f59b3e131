import type { Command, Option } from './commands/command.ts';

/** A command line that cannot be understood: usage, and exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A command that could not do its work: one line, and exit 2. Exit 1 means that it worked and found something. */
export class CannotRun extends Error {
  override readonly name = 'CannotRun';
}

const WIDTH = 100;
const INDENT = '      ';

/** The table of commands, for people. */
export const usageOf = (commands: readonly Command[]): string => `npm run ops -- <command>

${commands.map(describe).join('\n')}
  completion bash|zsh|fish
${INDENT}completes commands, options and their values: eval "$(npm run -s ops -- completion bash)"
  --help
${INDENT}this

Actions ask for a --reason and for who acts, an admin that the database knows: --actor, or OPS_ACTOR in the environment.
--preview says what would happen and does nothing. On more than FOUR_EYES_ABOVE_MINOR within a day nobody decides alone: it
waits for another admin.
Reads DATABASE_URL, TEMPORAL_*, FOUR_EYES_ABOVE_MINOR, REFUND_FEE_POLICY, and for tokens JWT_SECRET or
JWT_SIGNING_KEYS, JWT_ISSUER and JWT_AUDIENCE.
Exit codes: 0 done, 1 found something, was refused or failed, 2 not understood or could not run, 3 waits for a second admin.
`;

function describe({ name, operands, options, about }: Command): string {
  const words = [name, ...(operands === undefined ? [] : [operands]), ...options.map(optionText)];
  return [...wrap(words, '  ', `${INDENT}  `), ...wrap(about.split(' '), INDENT, INDENT)].join('\n');
}

export function optionText({ name, value, isNeeded, isRepeatable }: Option): string {
  const text = `--${name}${value === undefined ? '' : ` ${value}`}`;
  return `${isNeeded ? text : `[${text}]`}${isRepeatable ? '…' : ''}`;
}

function wrap(words: readonly string[], first: string, rest: string): string[] {
  const lines: string[] = [];
  let line = first.slice(0, -1);
  for (const word of words) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = rest.slice(0, -1);
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
