/**
 * Taking over a changed configuration while serving: on SIGHUP, and when asked over HTTP.
 *
 * The whole file is checked, and the files that it names are loaded, before anything changes. What cannot be used changes
 * nothing, and is said to whoever asked as well as in the log.
 */
import type { Logger } from 'pino';
import { PolicyFileError } from '../compose/policy/load.js';
import type { RunningServer } from '../compose/running-server.js';
import type { Config } from '../config/fields.js';
import { liveConfig } from '../config/live.js';
import { ConfigError, formatProblem } from '../config/problems.js';
import type { ReloadResult } from '../observe/control.js';
import { type ConfigOptions, readConfiguration } from './configuration.js';
import { namingFaults } from './policy-problems.js';

export class Reloader {
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly server: RunningServer,
    private running: Config,
    private readonly options: ConfigOptions,
    private readonly log: Logger,
  ) {}

  /**
   * Reads the configuration again and takes over what can change; one reload after the other. Never rejects for what
   * stands in files.
   */
  reload(): Promise<ReloadResult> {
    this.last = this.last.then(
      () => this.reloadNow(),
      () => this.reloadNow(),
    );
    return this.last as Promise<ReloadResult>;
  }

  private async take(config: Config): Promise<void> {
    try {
      await this.server.reload(config);
    } catch (error) {
      throw error instanceof PolicyFileError ? namingFaults(this.options.config, config, error) : error;
    }
  }

  private async reloadNow(): Promise<ReloadResult> {
    const { log } = this;
    try {
      const next = readConfiguration(this.options);
      const { config, needRestart } = liveConfig(this.running, next);
      await this.take(config);
      this.running = config;
      log.level = config.log.level;
      log.info({ needRestart }, 'configuration reloaded');
      if (needRestart.length > 0) {
        log.warn({ needRestart }, 'these options keep their old values until a restart');
      }
      return { ok: true, needRestart };
    } catch (error) {
      const problems = problemsOf(error);
      const fields = error instanceof ConfigError ? error.problems : problems;
      log.error({ problems: fields }, 'the new configuration cannot be used; the old one stays');
      return { ok: false, problems };
    }
  }
}

function problemsOf(error: unknown): string[] {
  if (error instanceof ConfigError) return error.problems.map((problem) => formatProblem(problem));
  if (error instanceof PolicyFileError) return error.message.split('\n');
  throw error;
}
