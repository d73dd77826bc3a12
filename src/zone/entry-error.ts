/** How the readers of one entry stop: thrown and caught inside the parser only, never past parse.ts. */
import { type Place, type ZoneError, type ZoneErrorCode, zoneError } from './zone-error.js';

export class EntryError extends Error {
  constructor(readonly problem: ZoneError) {
    super(problem.message);
    this.name = 'EntryError';
  }
}

export function fail(code: ZoneErrorCode, place: Place, message: string): never {
  throw new EntryError(zoneError(code, place, message));
}
