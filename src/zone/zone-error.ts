/**
 * What is wrong with a master file or a zone, with its place, as a value.
 *
 * The parser and the checks collect these instead of stopping at the first, so that `check` lists them all.
 * An error keeps the zone from being served; a warning does not.
 */

export type ZoneErrorCode =
  | 'FILE_UNREADABLE'
  | 'SYNTAX'
  | 'UNCLOSED_QUOTE'
  | 'UNCLOSED_PARENTHESIS'
  | 'UNEXPECTED_PARENTHESIS'
  | 'UNKNOWN_DIRECTIVE'
  | 'BAD_DIRECTIVE'
  | 'BAD_NAME'
  | 'BAD_TTL'
  | 'NO_TTL'
  | 'NO_OWNER'
  | 'UNKNOWN_TYPE'
  | 'META_TYPE'
  | 'WRONG_CLASS'
  | 'BAD_RDATA'
  | 'INCLUDE_LOOP'
  | 'INCLUDE_DEPTH'
  | 'BAD_GENERATE'
  | 'TOO_MANY_ERRORS'
  | 'NO_SOA'
  | 'MULTIPLE_SOA'
  | 'SOA_NOT_AT_APEX'
  | 'NO_APEX_NS'
  | 'OUT_OF_ZONE'
  | 'CNAME_AND_OTHER_DATA'
  | 'MULTIPLE_CNAME'
  | 'MULTIPLE_DNAME'
  | 'DATA_BELOW_DNAME'
  | 'DS_WITHOUT_NS'
  | 'DUPLICATE_RECORD'
  | 'DIFFERING_TTL'
  | 'TARGET_IS_ALIAS'
  | 'TARGET_MISSING'
  | 'GLUE_MISSING'
  | 'OCCLUDED'
  | 'ORPHAN_SIGNATURE'
  | 'DUPLICATE_ZONE';

export interface ZoneError {
  readonly code: ZoneErrorCode;
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in octets of the file. */
  readonly column: number;
  readonly message: string;
}

/** A place in a master file; line and column from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export function zoneError(code: ZoneErrorCode, place: Place, message: string): ZoneError {
  return { code, severity: 'error', file: place.file, line: place.line, column: place.column, message };
}

export function zoneWarning(code: ZoneErrorCode, place: Place, message: string): ZoneError {
  return { ...zoneError(code, place, message), severity: 'warning' };
}

/** `file:line:column: error: message (CODE)`, the form editors can jump to. */
export function formatZoneError(error: ZoneError): string {
  return `${error.file}:${error.line}:${error.column}: ${error.severity}: ${error.message} (${error.code})`;
}

/** True when nothing keeps the zone from being served. */
export function isServable(problems: readonly ZoneError[]): boolean {
  return problems.every((problem) => problem.severity !== 'error');
}
