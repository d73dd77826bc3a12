/** What was recorded over the mock internet ends the same when it is replayed, by the same steps, from the file alone. */
import { describe, expect, it } from 'vitest';
import { parseRecording, recordingText } from '../../src/compose/recording/recording-file.js';
import { replayRecording } from '../../src/compose/recording/replay.js';
import type { TraceReport } from '../../src/observe/sinks/collect.js';
import { eventLine } from '../../src/observe/sinks/event-lines.js';
import { unpainted } from '../../src/observe/sinks/styles.js';
import { recordOver } from '../support/recorded-walk.js';
import { question } from '../support/scenario-net.js';

/** Every step in words, with its span. */
function steps({ events }: TraceReport): string[] {
  return events
    .filter((event) => event.kind !== 'budget' && event.kind !== 'done')
    .map((event) => `${event.span} ${eventLine(event, unpainted)}`);
}

const names = [
  ['www.example.com', 'A'],
  ['www.shop.example.com', 'A'],
  ['docs.legacy.example.net', 'A'],
  ['none.negative.test', 'A'],
  ['x.wild.rsa.signed.test', 'TXT'],
  ['www.twostep.test', 'A'],
  ['www.halfdead.test', 'A'],
  ['www.lossy.test', 'A'],
  ['www.slow.test', 'AAAA'],
  ['t16000.big.test', 'TXT'],
  ['www.tcponly.test', 'A'],
  ['www.expired.bogus.test', 'A'],
  ['www.wrong-ds.bogus.test', 'A'],
  ['to-bogus.signed.test', 'A'],
  ['www.lame.broken.test', 'A'],
  ['www.silent.broken.test', 'A'],
  ['www.refused.broken.test', 'A'],
  ['www.malformed.broken.test', 'A'],
  ['www.wrong-id.broken.test', 'A'],
  ['www.wrong-id-half.broken.test', 'A'],
  ['www.wrong-question.broken.test', 'A'],
  ['www.edns-drop.broken.test', 'A'],
  ['www.edns-formerr.broken.test', 'A'],
  ['www.truncated-tcp.broken.test', 'A'],
  ['www.lowercase.broken.test', 'A'],
  ['www.nxns.broken.test', 'A'],
  ['www.cyclic-a.broken.test', 'A'],
  ['a.cname-loop.broken.test', 'A'],
] as const;

describe('a recording', () => {
  it.each(names)('of %s %s is replayed step by step', async (name, type) => {
    for (const seed of [1, 2, 3]) {
      const { report, recording } = await recordOver(name, type, { seed });
      const { report: again, ...told } = await replayRecording(parseRecording(recordingText(recording), 'r'));
      expect(told).toEqual({ departures: [], differences: [] });
      expect(again.outcome).toEqual(report.outcome);
      expect(steps(again)).toEqual(steps(report));
    }
  });

  it('holds the time at which signatures were judged', async () => {
    const { recording } = await recordOver('www.example.com', 'A', { startMs: Date.UTC(2030, 0, 1) });
    expect(recording.outcome.security).toBe('secure');
    const again = await replayRecording({ ...recording, startedAtMs: Date.UTC(2039, 0, 1) });
    expect(again.report.outcome).toMatchObject({ kind: 'failure', reason: 'bogus' });
    expect(again.differences).toContain('RCODE: recorded NOERROR, now SERVFAIL');
  });

  it('answers what was not recorded with a failure that says so', async () => {
    const { recording } = await recordOver('www.example.com');
    const { report, departures, differences } = await replayRecording(
      recording,
      question('www.example.nl', 'A'),
    );
    expect(report.outcome).toMatchObject({ kind: 'failure', reason: 'no-reachable-server' });
    expect(departures[0]).toMatch(/^not in the recording: nl\. A at 127\.53\.0\.[123] udp$/);
    expect(differences).toEqual([]);
  });

  it('has another server of the zone stand in where the recorded one is not asked', async () => {
    const { recording } = await recordOver('www.example.com');
    const { exchanges } = recording;
    const moved = exchanges.map((exchange) =>
      exchange.zone === exchanges.at(-1)!.zone
        ? { ...exchange, endpoint: { ...exchange.endpoint, address: '192.0.2.99' } }
        : exchange,
    );
    const { report, departures } = await replayRecording({ ...recording, exchanges: moved });
    expect(report.outcome).toEqual(recording.outcome);
    expect(departures).not.toEqual([]);
    for (const line of departures) expect(line).toMatch(/; taken is what 192\.0\.2\.99 said$/);
  });

  it('is walked by the configuration of then', async () => {
    const config = 'qnameMinimization: off\ndnssec: { mode: off }\nupstream: { caseRandomization: false }';
    const { report, recording } = await recordOver('www.example.com', 'A', { config });
    const again = await replayRecording(parseRecording(recordingText(recording), 'r'));
    expect(again).toMatchObject({ departures: [], differences: [] });
    expect(steps(again.report)).toEqual(steps(report));
    expect(steps(report).some((line) => /asks for|DNSSEC/.test(line))).toBe(false);
  });
});
