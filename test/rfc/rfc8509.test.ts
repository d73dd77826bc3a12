import { expect, it } from 'vitest';
import { parseName } from '../../src/dns/name.js';
import type { Outcome } from '../../src/dns/outcome.js';
import { RRClass, RRType } from '../../src/dns/registry.js';
import type { Security } from '../../src/dns/rrset.js';
import { applySentinel } from '../../src/resolver/sentinel.js';

const trusted = () => new Set([20326]);

function ask(label: string, security: Security = 'secure', type: number = RRType.A): string {
  const name = parseName(`${label}.example.`);
  const rrset = { name, type, class: RRClass.IN, ttlSec: 60, rdatas: ['\xc0\0\x02\x01'], signatures: [] };
  const outcome: Outcome = { kind: 'answer', aliases: [], proof: [], security, rrsets: [rrset] };
  return applySentinel({ name, type, class: RRClass.IN }, outcome, trusted).kind;
}

it.each([
  ['root-key-sentinel-is-ta-20326', 'answer'],
  ['root-key-sentinel-is-ta-38696', 'failure'],
  ['root-key-sentinel-not-ta-20326', 'failure'],
  ['root-key-sentinel-not-ta-38696', 'answer'],
  ['Root-Key-Sentinel-Is-TA-38696', 'failure'],
  ['root-key-sentinel-is-ta-2032', 'answer'],
  ['xroot-key-sentinel-is-ta-38696', 'answer'],
])('2.1 RFC 8509: %s gives %s', (label, kind) => {
  expect(ask(label)).toBe(kind);
});

it('2.2 RFC 8509: what is not secure, or no address, is left alone', () => {
  expect(ask('root-key-sentinel-is-ta-38696', 'insecure')).toBe('answer');
  expect(ask('root-key-sentinel-is-ta-38696', 'secure', RRType.TXT)).toBe('answer');
});
