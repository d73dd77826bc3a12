/**
 * The server of one thread: sockets below, the pipeline above, and the life of both.
 *
 * Every listen entry gets a UDP and a TCP listener (RFC 7766 5: TCP is not optional), all or none. It keeps no
 * state outside itself, so that it runs in a worker thread as well as in the main one.
 *
 * Limitations: a reload changes settings; other addresses need a new server.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastLane } from '../transport/fast-lane.js';
import type { Listener, ListenOptions, PacketHandler } from '../transport/listener.js';
import { ListenError } from '../transport/listener.js';
import { answerHanded } from './answer-handed.js';
import { ClientRates } from './client-rates.js';
import type { StubLane } from './fast-lane.js';
import { FaultLog } from './fault-log.js';
import type { HandedAnswer, HandedQuestion } from './hand-over.js';
import { InFlight } from './in-flight.js';
import type { ServerLog } from './log.js';
import { buildStages, dropReply, Pipeline, type PipelineParts } from './pipeline.js';
import { defaultServerSettings, type ServerSettings } from './settings.js';

/** Opens one listener; rejects with a ListenError. */
export type OpenListener = (
  options: ListenOptions,
  handler: PacketHandler,
  fastLane?: FastLane,
) => Promise<Listener>;

export interface ServerParts extends Omit<PipelineParts, 'inFlight' | 'faults' | 'currentSettings'> {
  readonly log: ServerLog;
  readonly listen: readonly ListenOptions[];
  /** Given the fast lane if there is one; a listener that cannot use it leaves it. */
  readonly openUdp: OpenListener;
  readonly openTcp: OpenListener;
  readonly settings?: ServerSettings;
  /** Answers from the stub cache without the pipeline. */
  readonly lane?: StubLane;
  /** Of `createRateMemory`, where several threads serve the same clients. */
  readonly rateMemory?: SharedArrayBuffer | undefined;
}

/** How often a free port for both transports is sought: the one that UDP was given may be taken for TCP. */
const PORT_TRIES = 16;

export class DnsServer {
  private readonly inFlight = new InFlight();
  private readonly faults: FaultLog;
  private readonly pipelineParts: PipelineParts;
  private pipeline: Pipeline;
  private open: Listener[] = [];
  private draining = false;

  constructor(private readonly parts: ServerParts) {
    this.faults = new FaultLog(parts.log, parts.clock);
    const { inFlight, faults } = this;
    this.pipelineParts = { ...parts, inFlight, faults, currentSettings: () => this.pipeline.settings };
    this.pipeline = this.serveBy(parts.settings ?? defaultServerSettings);
  }

  /** The listeners with their real addresses and ports; empty before start and after close. */
  get listeners(): readonly Listener[] {
    return this.open;
  }

  /** Queries that are being resolved now. */
  get inFlightCount(): number {
    return this.inFlight.count;
  }

  /** Exceptions since the start; each is a bug. */
  get internalErrors(): number {
    return this.faults.count;
  }

  /**
   * Opens all listeners.
   * @param listen in the place of those it was made for
   * @throws {ListenError} for the first that cannot be opened; those before it are closed again
   */
  async start(listen: readonly ListenOptions[] = this.parts.listen): Promise<void> {
    try {
      for (const options of listen) this.open.push(...(await this.openPair(options)));
    } catch (error) {
      await this.closeListeners();
      throw error;
    }
  }

  /**
   * Serves by other settings from the next packet on; queries under way end by those they began with, and are not
   * kept. Settings of another generation begin with an empty stub cache, since what it holds was answered under the old ones.
   */
  reconfigure(settings: ServerSettings): void {
    this.pipeline = this.serveBy(settings);
  }

  /** A pipeline, and the fast lane beside it with the same rates. A query log or a tap needs every query in the pipeline. */
  private serveBy(settings: ServerSettings): Pipeline {
    const { lane, clock, logQuery, tap, stubCache } = this.parts;
    stubCache.beginGeneration(settings.generation);
    const rates = new ClientRates(clock, settings.perClientQps, this.parts.rateMemory);
    if (logQuery === undefined && tap === undefined) lane?.open(settings, rates);
    return new Pipeline(this.pipelineParts, settings, buildStages(this.pipelineParts, settings, rates));
  }

  /** Answers for another worker's client; draining or not. A rejection is a bug. */
  answerHanded(asked: HandedQuestion): Promise<HandedAnswer | undefined> {
    const { stages, settings } = this.pipeline;
    return answerHanded(stages, settings, this.parts.clock.monotonicMs(), asked);
  }

  /** Hands what the fast lane counted to the recorder; call it before the counts are read. */
  flushCounts(): void {
    this.parts.lane?.flushCounts();
  }

  /**
   * Stops taking queries, answers those under way for up to `graceMs`, and closes the sockets. What came in
   * meanwhile gets no response, so that clients ask another server. A second call waits like the first.
   * TCP listeners have a limit of their own for replies under way, which counts from the same moment.
   */
  async close(graceMs: number): Promise<void> {
    this.draining = true;
    this.parts.lane?.close();
    this.flushCounts();
    const tcp = this.open
      .filter((listener) => listener.transport === 'tcp')
      .map((listener) => listener.close());
    await this.idleOrAfter(graceMs);
    await nextTurn(); // the last answers are handed to their sockets in the turn in which their place got free
    await this.closeListeners();
    await Promise.all(tcp);
  }

  private readonly handle: PacketHandler = (packet, client, reply) => {
    if (!this.draining) {
      this.pipeline.handle(packet, client, reply);
      return;
    }
    this.parts.recorder.dropped('draining');
    dropReply(client, reply);
  };

  private async openPair(options: ListenOptions): Promise<Listener[]> {
    for (let tries = 1; ; tries++) {
      const udp = await this.parts.openUdp(options, this.handle, this.parts.lane?.take);
      try {
        return [udp, await this.parts.openTcp({ ...options, port: udp.port }, this.handle)];
      } catch (error) {
        await udp.close();
        const taken = error instanceof ListenError && error.code === 'EADDRINUSE';
        if (options.port !== 0 || !taken || tries === PORT_TRIES) throw error;
      }
    }
  }

  private idleOrAfter(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.parts.clock.after(graceMs, resolve);
      void this.inFlight.whenIdle().then(() => {
        cancel();
        resolve();
      });
    });
  }

  private async closeListeners(): Promise<void> {
    const listeners = this.open;
    this.open = [];
    await Promise.all(listeners.map((listener) => listener.close()));
  }
}
