/**
 * Where dnstap frames go: a file, or a unix socket on which a collector listens.
 *
 * Neither ever holds up a query: what does not fit into a bounded queue is dropped and counted. A collector that
 * is away, or goes, is tried again every second.
 * Limitations: a file is begun anew at each start and grows without limit.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import { connect, type Socket } from 'node:net';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import { CONTENT_TYPE, Control, controlFrame, dataFrame, readControl } from './frame-stream.js';

export interface TapSink {
  /** Frames that were lost, for want of room or of a reader. */
  readonly dropped: number;
  offer(payload: Buffer): void;
  /** Writes what is queued, within a limit, and ends the stream. */
  close(): Promise<void>;
}

const MAX_QUEUED_OCTETS = 1024 * 1024;
const RETRY_MS = 1000;
const CLOSE_WITHIN_MS = 1000;

export class FileTap implements TapSink {
  dropped = 0;
  private readonly stream: WriteStream;
  private failed = false;

  constructor(path: string, onFault: (why: string) => void) {
    this.stream = createWriteStream(path, { mode: 0o600 });
    this.stream.on('error', (error) => {
      this.failed = true;
      onFault(error.message);
    });
    this.stream.write(controlFrame(Control.START));
  }

  offer(payload: Buffer): void {
    if (this.failed || this.stream.writableLength > MAX_QUEUED_OCTETS) this.dropped++;
    else this.stream.write(dataFrame(payload));
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.failed) return resolve();
      this.stream.once('close', resolve);
      this.stream.end(controlFrame(Control.STOP));
    });
  }
}

export class SocketTap implements TapSink {
  dropped = 0;
  private queue: Buffer[] = [];
  private queuedOctets = 0;
  private socket: Socket | undefined;
  /** The collector has accepted: frames may flow. */
  private open = false;
  private closing = false;
  private heard: Buffer = Buffer.alloc(0);
  private cancelRetry: CancelTimer = () => {};
  private ended: () => void = () => {};

  constructor(
    private readonly path: string,
    private readonly clock: Clock,
    private readonly onFault: (why: string) => void,
  ) {
    this.connect();
  }

  offer(payload: Buffer): void {
    const waiting = this.open ? this.socket!.writableLength : this.queuedOctets;
    if (waiting > MAX_QUEUED_OCTETS) {
      this.dropped++;
    } else if (this.open) {
      this.socket!.write(dataFrame(payload));
    } else {
      this.queue.push(dataFrame(payload));
      this.queuedOctets += payload.length;
    }
  }

  close(): Promise<void> {
    this.closing = true;
    this.cancelRetry();
    const { socket } = this;
    if (!socket) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.clock.after(CLOSE_WITHIN_MS, () => socket.destroy());
      this.ended = () => {
        cancel();
        resolve();
      };
      if (this.open) socket.write(controlFrame(Control.STOP));
      else socket.destroy();
    });
  }

  private connect(): void {
    const socket = connect(this.path);
    this.socket = socket;
    this.heard = Buffer.alloc(0);
    let fault = 'the collector closed the connection';
    socket.on('connect', () => socket.write(controlFrame(Control.READY)));
    socket.on('data', (chunk) => this.hear(socket, chunk));
    socket.on('error', (error) => {
      fault = error.message;
    });
    socket.on('close', () => this.lost(fault));
  }

  private hear(socket: Socket, chunk: Buffer): void {
    this.heard = Buffer.concat([this.heard, chunk]);
    for (;;) {
      const control = readControl(this.heard);
      if (control === undefined) return;
      if (control === 'malformed') return void socket.destroy();
      this.heard = this.heard.subarray(control.taken);
      const { type, contentTypes } = control;
      if (type === Control.FINISH) return void socket.end();
      const ours = contentTypes.length === 0 || contentTypes.includes(CONTENT_TYPE);
      if (type !== Control.ACCEPT || !ours || this.open) return void socket.destroy();
      this.begin(socket);
    }
  }

  private begin(socket: Socket): void {
    this.open = true;
    socket.write(Buffer.concat([controlFrame(Control.START), ...this.queue]));
    this.queue = [];
    this.queuedOctets = 0;
  }

  private lost(why: string): void {
    this.socket = undefined;
    this.open = false;
    if (this.closing) {
      this.ended();
      return;
    }
    this.onFault(why);
    this.cancelRetry = this.clock.after(RETRY_MS, () => this.connect());
  }
}
