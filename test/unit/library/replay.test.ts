/** Recordings as anyone's tests use them; these were made by `stratadns trace --zones zones --record`. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RecordingError, replay } from '../../../src/testing.js';

const recording = (name: string) => new URL(`../../support/recordings/${name}.json`, import.meta.url);

describe('replay', () => {
  it('ends as it ended when it was recorded', async () => {
    const { rcode, outcome, differences } = await replay(recording('lame-servers'));
    expect({ rcode, differences }).toEqual({ rcode: 'SERVFAIL', differences: [] });
    expect(outcome.ede[0]).toEqual({ code: 22, text: expect.stringContaining('lame.broken.test.') });
  });

  it('judges signatures by the date of the recording', async () => {
    const { outcome, recorded, trace } = await replay(recording('expired-signature'));
    expect(outcome).toEqual(recorded);
    expect(outcome.ede[0]!.text).toMatch(/expired at 20201231000000; it is 202611/);
    expect(trace.explain()).toMatchObject({ ok: false, blame: 'zone' });
  });

  it('takes other settings, section by section', async () => {
    const off = await replay(recording('expired-signature'), { config: { dnssec: { mode: 'off' } } });
    expect(off.rcode).toBe('NOERROR');
    expect(off.differences).toContain('RCODE: recorded SERVFAIL, now NOERROR');
    const trusting = { dnssec: { negativeTrustAnchors: ['expired.bogus.test'] } };
    const { outcome } = await replay(recording('expired-signature'), { config: trusting });
    expect(outcome).toMatchObject({ kind: 'answer', security: 'insecure' });
  });

  it('takes a path, a URL or the JSON itself', async () => {
    const url = recording('lame-servers');
    const forms = [url, url.pathname, JSON.parse(readFileSync(url, 'utf8')) as object];
    for (const form of forms) expect((await replay(form)).rcode).toBe('SERVFAIL');
  });

  it('asks another question, and says what the recording lacks', async () => {
    const { rcode, departures, differences, trace } = await replay(recording('lame-servers'), {
      name: 'www.example.com',
    });
    expect({ rcode, differences }).toEqual({ rcode: 'SERVFAIL', differences: [] });
    expect(departures[0]).toMatch(/^not in the recording: com\. A at 127\.53\.0\.\d@\d+ udp$/);
    expect(String(trace)).toContain('not in the recording after');
    expect(trace.explain()).toMatchObject({ blamed: 'the recording' });
  });

  it('refuses what is no recording', async () => {
    await expect(replay({})).rejects.toThrow(RecordingError);
    await expect(replay('/nonexistent.json')).rejects.toThrow(/cannot be read/);
  });
});
