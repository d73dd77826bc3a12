/**
 * What a running server gives who asks for a recording: a walk of its own, from where it stands, by its configuration.
 *
 * Its caches have no part in it and learn nothing of it.
 */
import type { Config } from '../../config/fields.js';
import type { Question } from '../../dns/rrset.js';
import type { MockRoot } from '../mock-internet.js';

/** @returns the text of the file */
export async function recordAsFile(
  question: Question,
  config: Config,
  mock: MockRoot | undefined,
  version: string,
): Promise<string> {
  // Read from disk when it is first asked for: most servers never record.
  const [{ networkGround, recordWalk }, { recordingText }] = await Promise.all([
    import('./record-walk.js'),
    import('./recording-file.js'),
  ]);
  const { recording } = await recordWalk(networkGround(mock), config, question, `stratadns ${version}`);
  return recordingText(recording);
}
