/**
 * Has the compiler of V8 come sooner to what is run often.
 *
 * A server that has just started runs its own code slowly for the first few thousand queries: a walk takes ten times as
 * long as later. V8 watches a function for at least three times as long as its budget before it compiles it; once is
 * enough here, where every query takes the same way. docs/decisions/005-miss-path.md has the figures.
 *
 * Limitations: the flag was measured with V8 11.3 (Node 20) and exists in few others. It is set when the server is ready,
 * not before, since Node's own modules load more slowly after a change of flags.
 */
import { setFlagsFromString } from 'node:v8';

const MEASURED_WITH = /^11\.3\./;
const FLAG = '--ticks-before-optimization=1';

/**
 * @param version of V8
 * @param setFlag how a flag of V8 is set
 */
export function compileEarly(version = process.versions.v8, setFlag = setFlagsFromString): void {
  if (MEASURED_WITH.test(version)) setFlag(FLAG);
}
