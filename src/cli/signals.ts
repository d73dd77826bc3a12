/**
 * The signals of an operator or a supervisor.
 */
import type { Logger } from 'pino';

export interface SignalActions {
  /** SIGHUP. */
  reload?(): void;
  /** SIGTERM and SIGINT; after it the process exits with 0. */
  close(): Promise<void>;
}

/**
 * From now on SIGHUP, which ends a process by default, does not: a reload may be asked for while lists are still read.
 * @returns ends that, and says whether one has come
 */
export function holdReload(): () => boolean {
  let asked = false;
  const note = () => {
    asked = true;
  };
  process.on('SIGHUP', note);
  return () => {
    process.off('SIGHUP', note);
    return asked;
  };
}

/** Resolves when the program was told to end and has. A second signal ends it at once. */
export function untilStopped(log: Logger, actions: SignalActions): Promise<void> {
  return new Promise((resolve) => {
    let stopping = false;
    const stop = (signal: NodeJS.Signals) => {
      if (stopping) process.exit(1);
      stopping = true;
      log.info({ signal }, 'stopping');
      actions
        .close()
        .then(
          () => log.info('stopped'),
          (error: unknown) => log.error({ err: error }, 'stopping failed'),
        )
        .finally(resolve);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    process.on('SIGHUP', () => {
      if (!stopping) actions.reload?.();
    });
  });
}

/** A rejection nobody waited for concerns one piece of work: it is logged, and the program goes on. */
export function logStrayErrors(log: Logger): void {
  process.on('unhandledRejection', (error) =>
    log.error({ err: error }, 'a rejection was not handled; this is a bug'),
  );
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'an exception was not caught; this is a bug');
    process.exit(1);
  });
}
