import { describe, expect, it } from 'vitest';
import {
  CONTENT_TYPE,
  Control,
  controlFrame,
  readControl,
} from '../../../../src/observe/dnstap/frame-stream.js';

describe('control frames', () => {
  it('are read as they are written, octet by octet', () => {
    const frame = controlFrame(Control.ACCEPT);
    for (let i = 0; i < frame.length; i++) expect(readControl(frame.subarray(0, i))).toBeUndefined();
    expect(readControl(Buffer.concat([frame, Buffer.from('more')]))).toEqual({
      type: Control.ACCEPT,
      contentTypes: [CONTENT_TYPE],
      taken: frame.length,
    });
    expect(controlFrame(Control.STOP).toString('hex')).toBe('000000000000000400000003');
  });

  it.each([
    ['data where control is due', '0000000100000004'],
    ['a length beyond the limit', '00000000ffffffff'],
    ['a length without a type', '0000000000000000'],
    ['a field that is cut', '000000000000000800000001000000ff'],
    ['a field longer than its frame', '000000000000000c0000000100000001000000ff'],
  ])('are refused for %s', (_what, hex) => {
    expect(readControl(Buffer.from(hex, 'hex'))).toBe('malformed');
  });
});
