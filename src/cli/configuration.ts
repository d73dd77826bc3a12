/**
 * The configuration a command works with: file or defaults, then flags.
 */
import type { Config } from '../config/fields.js';
import { type ConfigFlags, withFlags } from '../config/flags.js';
import { defaultConfig, loadConfig } from '../config/load.js';

export interface ConfigOptions extends ConfigFlags {
  readonly config?: string;
}

/** @throws {ConfigError} */
export function readConfiguration(options: ConfigOptions): Config {
  return withFlags(options.config === undefined ? defaultConfig() : loadConfig(options.config), options);
}
