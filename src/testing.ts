/**
 * For anyone's tests: mock internets (`createInternet`), and recorded lookups walked again (`replay`).
 */
import { type InternetOptions, TestInternet } from './compose/library/test-internet.js';

export type { BuiltServer as InternetServer, ZoneText } from './authority/internet-builder.js';
export { InternetError } from './authority/internet-error.js';
export type { FaultFields as Faults } from './authority/manifest.js';
export { type Replay, type ReplayOptions, replay } from './compose/library/replay.js';
export type { SimpleZone } from './compose/library/simple-zones.js';
export type {
  InternetOptions,
  ListeningInternet,
  SentQuestion,
  TestInternet,
} from './compose/library/test-internet.js';
export { ZonesError } from './compose/mock-internet.js';
export { RecordingError, type RecordingProblem } from './compose/recording/recording-error.js';

/**
 * A mock internet. Without sockets until it is told to `listen`, so it needs no closing until then.
 *
 * @throws {InternetError}, {ZonesError} that say what is wrong in which zone, with line and column
 */
export function createInternet(options: InternetOptions): TestInternet {
  return new TestInternet(options);
}
