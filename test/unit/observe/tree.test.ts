import { describe, expect, it } from 'vitest';
import { treeLines } from '../../../src/observe/sinks/tree.js';
import { sampleEvents, sampleReport } from './trace-sample.js';

describe('the tree', () => {
  it('nests exchanges in zones and zones in spans, in the order of events', () => {
    expect(`\n${treeLines(sampleReport).join('\n')}\n`).toMatchSnapshot();
  });

  it('paints what it says, and nothing else', () => {
    const painted = treeLines(sampleReport, (style, text) => `<${style}>${text}</>`);
    const stripped = painted.map((line) => line.replace(/<\/?[a-z]*>/g, ''));
    expect(stripped).toEqual(treeLines(sampleReport));
    expect(painted.join('')).toContain('<bad>no response');
  });

  it('never hands control characters of a server to the terminal', () => {
    const evil = '\u001b[2J\u0007\u202e\r\nfake';
    const events = sampleEvents.map((event) =>
      event.kind === 'response'
        ? { ...event, records: [evil] }
        : event.kind === 'classified'
          ? { ...event, detail: evil }
          : event,
    );
    const outcome = { ...sampleReport.outcome, records: [evil], ede: [{ code: 0 as const, text: evil }] };
    const text = treeLines({ ...sampleReport, events, outcome }).join('\n');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(text).toContain('\\u001b[2J');
  });

  it('shows a trace without any event', () => {
    const lines = treeLines({ ...sampleReport, events: [], omitted: 0 });
    expect(lines[0]).toBe('www.shop.test. A');
    expect(lines.at(-1)).toBe('   └─ web.shop.test. 60 IN A 192.0.2.80');
  });

  it('survives an event whose span was never opened', () => {
    const lines = treeLines({ ...sampleReport, events: [{ kind: 'joined', span: 77, atMs: 0 }] });
    expect(lines[1]).toContain('joined');
  });
});
