/** How a program that runs other programs (`env`, `sh`, `python3`) reads its arguments. */
export interface Starter {
  /**
   * `command`: the first word that is not an option is a program, followed by its own arguments. `script`: it is a file that is run. `shell`:
   * as a script, and for texts of commands.
   */
  readonly kind: 'command' | 'script' | 'shell';
  /** Options whose value is the next word. */
  readonly valued?: readonly string[];
  /** Options whose next word is a program text, a module or the script, so that no other word is one. */
  readonly inline?: RegExp;
}

const INLINE_OF_A_SHELL = /^[-+][A-Za-z]*c$/;
const SHELL: Starter = { kind: 'shell', valued: ['-o', '+o', '-O', '+O', '--rcfile', '--init-file'], inline: INLINE_OF_A_SHELL };

/** By the name of the program. The arguments of other programs are not examined. */
const STARTERS: readonly (readonly [name: RegExp, Starter])[] = [
  [/^(?:sh|ash|bash|dash|fish|ksh|mksh|rbash|zsh)$/, SHELL],
  [/^(?:\.|source)$/, { kind: 'script' }],
  [/^python[\d.]*$/, { kind: 'script', valued: ['-W', '-X', '--check-hash-based-pycs'], inline: /^-[A-Za-z]*[cm]$/ }],
  [/^pypy[\d.]*$/, { kind: 'script', valued: ['-W', '-X'], inline: /^-[A-Za-z]*[cm]$/ }],
  [/^perl[\d.]*$/, { kind: 'script', valued: ['-I'], inline: /^-[A-Za-z]*[eE]$/ }],
  [/^ruby[\d.]*$/, { kind: 'script', valued: ['-I', '-r', '-C', '-E'], inline: /^-[A-Za-z]*e$/ }],
  [
    /^node(?:js)?$/,
    {
      kind: 'script',
      valued: ['-r', '--require', '--import', '--loader', '-C', '--conditions', '--env-file'],
      inline: /^(?:-e|-p|-pe|--eval|--print)$/,
    },
  ],
  [/^php[\d.]*$/, { kind: 'script', valued: ['-c', '-d', '-z'], inline: /^(?:-[rBREf]|--file)$/ }],
  [/^lua(?:jit)?[\d.]*$/, { kind: 'script', valued: ['-l'], inline: /^-e$/ }],
  [/^(?:tclsh|expect|wish)[\d.]*$/, { kind: 'script', inline: /^-c$/ }],
  [/^Rscript$/, { kind: 'script', inline: /^-e$/ }],
  [/^java$/, { kind: 'script', valued: ['-cp', '-classpath', '--class-path', '-p', '--module-path'], inline: /^(?:-m|--module)$/ }],
  [/^pwsh$/, { kind: 'script', inline: /^-(?:c|command|e|encodedcommand)$/i }],
  [/^[gm]?awk$/, { kind: 'script', valued: ['-v', '-F'], inline: /^(?:-f|--file)$/ }],
  [
    /^(?:env|nice|nohup|timeout|setsid|stdbuf|ionice|chrt|taskset|flock|setpriv|sudo|doas|runuser|su|chroot|unshare|nsenter|systemd-run|systemd-cat|xargs|time|strace|busybox|exec|command|builtin|eval|parallel|dumb-init|tini)$/,
    { kind: 'command', inline: /^(?:-S|--split-string|-c|--command)$/ },
  ],
];

/** How a program reads its arguments; undefined when they are only data. */
export function starterOf(name: string): Starter | undefined {
  return STARTERS.find(([one]) => one.test(name))?.[1];
}
