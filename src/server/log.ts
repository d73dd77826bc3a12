/** The part of a logger that serving needs. pino fits it; it is made in cli/ and passed in. */
export interface ServerLog {
  error(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  info(fields: object, message: string): void;
}

/** Says nothing: for the library and tests. */
export const silentLog: ServerLog = { error() {}, warn() {}, info() {} };
