/**
 * The frame streams protocol that carries dnstap: data frames with a length in front, control frames after an
 * escape of four zero octets.
 *
 * A file is unidirectional: START, data, STOP. On a socket both sides speak: we say READY, the reader ACCEPT, we
 * START ... STOP, the reader FINISH.
 * Limitations: only the writing side.
 */

/** What the frames hold. */
export const CONTENT_TYPE = 'protobuf:dnstap.Dnstap';

export const Control = { ACCEPT: 1, START: 2, STOP: 3, READY: 4, FINISH: 5 } as const;
const FIELD_CONTENT_TYPE = 1;
/** Longest control frame that is read. */
const MAX_CONTROL_OCTETS = 512;

/** A data frame: its length, then the payload. */
export function dataFrame(payload: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(4 + payload.length);
  frame.writeUInt32BE(payload.length);
  payload.copy(frame, 4);
  return frame;
}

/** A control frame, with the content type where the protocol has it (not in STOP and FINISH). */
export function controlFrame(type: number): Buffer {
  const named = type !== Control.STOP && type !== Control.FINISH;
  const field = named
    ? Buffer.concat([words(FIELD_CONTENT_TYPE, CONTENT_TYPE.length), latin1(CONTENT_TYPE)])
    : '';
  return Buffer.concat([words(0, 4 + field.length, type), Buffer.from(field)]);
}

export interface ControlRead {
  readonly type: number;
  /** Of all content types in it; empty where it names none, which means any. */
  readonly contentTypes: readonly string[];
  /** Octets taken from the front. */
  readonly taken: number;
}

/** Reads the control frame at the front: undefined while it is not whole, 'malformed' for what is none. */
export function readControl(octets: Buffer): ControlRead | 'malformed' | undefined {
  if (octets.length < 8) return undefined;
  const length = octets.readUInt32BE(4);
  if (octets.readUInt32BE(0) !== 0 || length < 4 || length > MAX_CONTROL_OCTETS) return 'malformed';
  const end = 8 + length;
  if (octets.length < end) return undefined;
  const contentTypes: string[] = [];
  for (let at = 12; at < end; ) {
    if (at + 8 > end) return 'malformed';
    const fieldEnd = at + 8 + octets.readUInt32BE(at + 4);
    if (fieldEnd > end) return 'malformed';
    if (octets.readUInt32BE(at) === FIELD_CONTENT_TYPE)
      contentTypes.push(octets.latin1Slice(at + 8, fieldEnd));
    at = fieldEnd;
  }
  return { type: octets.readUInt32BE(8), contentTypes, taken: end };
}

function words(...values: number[]): Buffer {
  const octets = Buffer.allocUnsafe(values.length * 4);
  for (const [i, value] of values.entries()) octets.writeUInt32BE(value, i * 4);
  return octets;
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
