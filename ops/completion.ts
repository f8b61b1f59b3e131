import type { Command } from './commands/command.ts';
import { UsageError } from './usage.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** What a shell evaluates to complete `npm run ops -- …`, and the same called as `ops`. */
export function completionFor(shell: string | undefined, commands: readonly Command[]): string {
  switch (SHELLS.find((known) => known === shell)) {
    case 'bash':
      return bash(commands);
    case 'zsh':
      // zsh reads bash's completions, with this loaded.
      return `autoload -U +X bashcompinit && bashcompinit\n${bash(commands)}`;
    case 'fish':
      return fish(commands);
    default:
      throw new UsageError(`completion: expected one of ${SHELLS.join(', ')}`);
  }
}

const names = (commands: readonly Command[]) => [...commands.map(({ name }) => name), 'completion'];

function bash(commands: readonly Command[]): string {
  const cases = commands.flatMap(({ name, options }) => [
    ...options.flatMap((option) =>
      option.values === undefined
        ? []
        : [`    "${name} --${option.name}") words="${option.values.join(' ')}" ;;`],
    ),
    `    "${name} "*) words="${options.map((option) => `--${option.name}`).join(' ')}" ;;`,
  ]);
  return `_veza_ops() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case " ${names(commands).join(' ')} " in *" \${COMP_WORDS[i]} "*) command="\${COMP_WORDS[i]}"; break ;; esac
  done
  case "$command $before" in
    " "*) words="${names(commands).join(' ')}" ;;
    "completion "*) words="${SHELLS.join(' ')}" ;;
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
ops() { npm run -s ops -- "$@"; }
complete -F _veza_ops ops`;
}

function fish(commands: readonly Command[]): string {
  const needsCommand = `not __fish_seen_subcommand_from ${names(commands).join(' ')}`;
  const lines = commands.flatMap(({ name, about, options }) => [
    `complete -c ops -f -n '${needsCommand}' -a ${name} -d '${quoted(about)}'`,
    ...options.map((option) => {
      const takes = option.value === undefined ? '' : ' -x';
      const values = option.values === undefined ? '' : ` -a '${option.values.join(' ')}'`;
      return `complete -c ops -f -n '__fish_seen_subcommand_from ${name}' -l ${option.name}${takes}${values}`;
    }),
  ]);
  return ['function ops; npm run -s ops -- $argv; end', ...lines].join('\n');
}

const quoted = (text: string) => text.replaceAll("'", String.raw`\'`);
