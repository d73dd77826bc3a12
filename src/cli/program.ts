/**
 * The commands and flags of `stratadns`.
 *
 * Owns what the contract with scripts is: names, flags, exit codes. Each command's work is in commands/,
 * loaded when it runs, so that `--help` and `check` start fast.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { flushLayers } from '../cache/flush.js';
import { optionsText } from '../config/describe.js';
import { describeFailure } from './failure-text.js';
import { ExitCode, type Io } from './io.js';
import { defaultServerUrl } from './server-client.js';
import { packageVersion } from './version.js';

/** Runs one command line (without node and script). @returns the exit code; never rejects */
export async function runProgram(args: readonly string[], io: Io): Promise<number> {
  let exitCode: number = ExitCode.ok;
  const program = createProgram(io, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.misused;
    const failure = describeFailure(error);
    io.err(`${failure.message}\n`);
    return failure.exitCode;
  }
}

const configFlag = () =>
  new Option('-c, --config <file>', 'configuration file (YAML); without it the defaults hold');
const zonesFlag = () =>
  new Option('-z, --zones <dir>', 'the mock internet in this directory instead of the real one');
const tokenFlag = () =>
  new Option('--token <token>', 'Bearer token of the server; also from STRATADNS_TOKEN');
const jsonFlag = () => new Option('--json', 'JSON instead of text');

function createProgram(io: Io, exit: (code: number) => void): Command {
  const program = new Command('stratadns')
    .description('A caching DNS recursive resolver with layers of cache you can see.')
    .version(packageVersion(), '-V, --version')
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false });
  addServe(program, io);
  addTrace(program, io);
  addRemote(program, io);
  addMock(program, io);
  addCheck(program, io, exit);
  for (const command of program.commands) inherit(program, command);
  return program;
}

/** Subcommands report and write like their parent; commander copies settings only at creation. */
function inherit(parent: Command, command: Command): void {
  command.copyInheritedSettings(parent);
  for (const below of command.commands) inherit(command, below);
}

function addServe(program: Command, io: Io): void {
  program
    .command('serve')
    .description('answer DNS queries until a signal ends it')
    .addOption(configFlag())
    .addOption(zonesFlag())
    .option(
      '-l, --listen <addr:port>',
      'address for UDP and TCP instead of those configured; may be repeated',
      collect,
    )
    .option('--http <addr:port>', 'address of the HTTP server instead of the one configured')
    .option('--workers <n>', 'threads that answer, or "auto"')
    .option('--no-native', 'plain Node sockets and cryptography, without direct calls of C libraries')
    .addHelpText('after', serveHelp)
    .action(async (options) => (await import('./commands/serve.js')).serve(options, io));
}

const serveHelp = `
Logs JSON lines on standard output; the one with "msg":"ready" says that every socket listens.
SIGTERM and SIGINT drain and exit with 0. SIGHUP reads the configuration again.
"stratadns check --help" lists all options of the configuration file.
Exit codes: 0 stopped by a signal, 1 could not run, 2 wrong flags, configuration or zones.`;

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

function addTrace(program: Command, io: Io): void {
  const both = [
    ['trace', 'walk a name and show every step as a tree'],
    ['explain', 'say what happened to a name, what failed first, who is to blame and what to do'],
  ] as const;
  for (const [verb, description] of both) {
    program
      .command(verb)
      .description(description)
      .argument('[name]', 'domain name; taken as absolute. With --replay that of the recording if left out')
      .argument('[type]', 'record type such as AAAA, or TYPE65280; A if left out')
      .addOption(jsonFlag())
      .addOption(configFlag())
      .addOption(zonesFlag())
      .addOption(new Option('--at <url>', 'ask a running server').conflicts(['config', 'zones']))
      .option('--fresh', 'walk though caches could answer')
      .option('--client <address>', 'by the rules that hold for this client')
      .addOption(
        new Option(
          '--record <file>',
          'walk with empty caches, and write all that decided into this file',
        ).conflicts(['client']),
      )
      .addOption(
        new Option(
          '--replay <file>',
          'walk a recording again, without network, at the time of then',
        ).conflicts(['config', 'zones', 'at', 'client', 'record', 'fresh']),
      )
      .addOption(tokenFlag())
      .addHelpText('after', traceHelp)
      .action(async (name, type, options) =>
        (await import('./commands/trace.js'))[verb](name, type, options, io),
      );
  }
}

const traceHelp = `
A recording names the servers that were asked, and no secrets; docs/recordings.md says more.
Exit codes: 0 shown, whatever came out; 1 no server at --at, or a replay ended otherwise than recorded; 2 wrong flags,
configuration, zones or recording.`;

const atFlag = () => new Option('--at <url>', 'HTTP address of the server').default(defaultServerUrl);

function addRemote(program: Command, io: Io): void {
  const remote = () => import('./commands/remote.js');
  program
    .command('stats')
    .description('counts of a running server')
    .addOption(jsonFlag())
    .option('-w, --watch', 'show them anew each second; in a pipe, a line each second')
    .addOption(new Option('--count <n>', 'with --watch: end after so many seconds').argParser(wholeCount))
    .addOption(atFlag())
    .addOption(tokenFlag())
    .action(async (options) =>
      options.watch
        ? (await import('./commands/watch.js')).watch(options, io)
        : (await remote()).stats(options, io),
    );
  program
    .command('reload')
    .description('have a running server read its configuration again')
    .addOption(jsonFlag())
    .addOption(atFlag())
    .addOption(tokenFlag())
    .addHelpText(
      'after',
      '\nExit codes: 0 taken over, 1 no server, 2 the configuration cannot be used; the old one stays.',
    )
    .action(async (options) => (await remote()).reload(options, io));
  const cache = program
    .command('cache')
    .description('look into, flush, dump or load the caches of a running server');
  cache
    .command('show')
    .description('what every layer holds under a name')
    .argument('<name>', 'domain name; taken as absolute')
    .option('--type <type>', 'only this record type')
    .addOption(jsonFlag())
    .addOption(atFlag())
    .addOption(tokenFlag())
    .action(async (name, options) => (await remote()).cacheShow(name, options, io));
  cache
    .command('flush')
    .description('forget a name, or everything, in every layer or in some')
    .argument('[name]', 'domain name; taken as absolute')
    .option('--all', 'everything, in place of a name')
    .option('--subtree', 'the name and all names below it')
    .option('--type <type>', 'only this record type')
    .option('--layer <layer>', `only this layer: ${flushLayers.join(', ')}; may be repeated`, collect)
    .option('--negatives', 'only what says that something does not exist, or failed')
    .addOption(jsonFlag())
    .addOption(atFlag())
    .addOption(tokenFlag())
    .action(async (name, options) => (await remote()).cacheFlush(name, options, io));
  cache
    .command('dump')
    .description('every entry, one JSON object per line')
    .option('--out <file>', 'into this file instead of to standard output')
    .addOption(atFlag())
    .addOption(tokenFlag())
    .action(async (options) => (await import('./commands/cache-file.js')).cacheDump(options, io));
  cache
    .command('load')
    .description('put the entries of a dump back; what has ended meanwhile stays out')
    .argument('<file>', 'what "cache dump" wrote')
    .addOption(jsonFlag())
    .addOption(atFlag())
    .addOption(tokenFlag())
    .addHelpText(
      'after',
      '\nSecurity is proven anew, whatever the file says. Exit codes: 0 all lines could be read, 1 some could not.',
    )
    .action(async (file, options) => (await import('./commands/cache-file.js')).cacheLoad(file, options, io));
}

function wholeCount(text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number from 1.');
}

function addMock(program: Command, io: Io): void {
  program
    .command('mock')
    .description('only serve a mock internet, for other resolvers, until a signal ends it')
    .addOption(zonesFlag().makeOptionMandatory())
    .action(async (options) => (await import('./commands/serve.js')).mock(options, io));
}

function addCheck(program: Command, io: Io, exit: (code: number) => void): void {
  program
    .command('check')
    .description('say what is wrong with a configuration or with zones, with file, line and column')
    .addOption(configFlag())
    .addOption(new Option('-z, --zones <dir>', 'directory of a mock internet'))
    .addHelpText(
      'after',
      () => `\nExit codes: 0 nothing is wrong (there may be warnings), 2 something is.\n\n${optionsText()}`,
    )
    .action(async (options) => exit((await import('./commands/check.js')).check(options, io)));
}
