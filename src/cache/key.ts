/**
 * Cache keys: the only place where they are built.
 *
 * A key is the full identity of what it names, never a hash of it: the canonical name (which ends in the
 * root label, so nothing can run over into what follows) and then type and class, two octets each. So two
 * keys are equal only when the questions are, whatever the labels hold, and a key is one octet per char.
 * Keys go into a Map, never into a plain object, so `constructor.` and `__proto__.` are names like others.
 */
import { MAX_LABEL_OCTETS, MAX_NAME_OCTETS, type Name, type Octets, toName } from '../dns/name.js';
import { RRClass } from '../dns/registry.js';

/** Octets that follow the name in a key made by {@link rrsetKey}. */
const SUFFIX_OCTETS = 4;

const inSuffixes = new Map<number, Octets>();

function suffix(type: number, cls: number): Octets {
  if (cls !== RRClass.IN) return makeSuffix(type, cls);
  let known = inSuffixes.get(type);
  if (known === undefined) {
    known = makeSuffix(type, cls);
    inSuffixes.set(type, known); // one per type, so 65,536 at most
  }
  return known;
}

function makeSuffix(type: number, cls: number): Octets {
  return String.fromCharCode((type >> 8) & 255, type & 255, (cls >> 8) & 255, cls & 255);
}

/** Identity of an RRset. */
export function rrsetKey(name: Name, type: number, cls: number = RRClass.IN): Octets {
  return name + suffix(type, cls);
}

/**
 * Identity of the statement "this name does not exist" (RFC 2308 5: by name and class, whatever QTYPE).
 * It uses type 0, which is reserved (RFC 6895 3.1) and so is never the type of an RRset.
 */
export function nxdomainKey(name: Name, cls: number = RRClass.IN): Octets {
  return name + suffix(0, cls);
}

/** Identity of a whole response: the question, the two client bits that change what is sent, and the client's view. */
export function answerKey(
  name: Name,
  type: number,
  cls: number,
  doBit: boolean,
  cd: boolean,
  view = 0,
): Octets {
  return name + suffix(type, cls) + ANSWER_BITS[(doBit ? 1 : 0) | (cd ? 2 : 0) | (view << 2)];
}

/** Views that a key can tell apart, the one of all other clients among them. */
export const MAX_VIEWS = 64;
const ANSWER_BITS = Array.from({ length: MAX_VIEWS << 2 }, (_, bits) => String.fromCharCode(bits));

/** What {@link answerKey} was made of. */
export function partsOfAnswerKey(key: Octets) {
  const at = key.length - SUFFIX_OCTETS - 1;
  const bits = key.charCodeAt(key.length - 1);
  return {
    name: key.slice(0, at) as Name,
    type: u16(key, at),
    class: u16(key, at + 2),
    do: (bits & 1) !== 0,
    cd: (bits & 2) !== 0,
    view: bits >> 2,
  };
}

/** Identity of a failure to resolve: with CD a question may succeed that fails without. */
export function failureKey(name: Name, type: number, cls: number, cd: boolean): Octets {
  return answerKey(name, type, cls, false, cd);
}

/** The name in a key of {@link rrsetKey} or {@link nxdomainKey}. */
export function nameOfKey(key: Octets): Name {
  return key.slice(0, key.length - SUFFIX_OCTETS) as Name;
}

/** The type in such a key; 0 in one of {@link nxdomainKey}. */
export function typeOfKey(key: Octets): number {
  return u16(key, key.length - SUFFIX_OCTETS);
}

/** The class in such a key. */
export function classOfKey(key: Octets): number {
  return u16(key, key.length - 2);
}

/** True when octets from outside are a canonical name: labels that end at the root, in lower case. */
export function isSoundName(octets: Octets): octets is Name {
  if (octets.length === 0 || octets.length > MAX_NAME_OCTETS) return false;
  let at = 0;
  for (let length = octets.charCodeAt(0); length > 0; length = octets.charCodeAt(at)) {
    if (length > MAX_LABEL_OCTETS) return false;
    at += 1 + length;
    if (at >= octets.length) return false;
  }
  return at === octets.length - 1 && toName(octets) === octets;
}

/** True when octets from outside are a key of {@link rrsetKey} or {@link nxdomainKey}. */
export function isSoundKey(key: Octets): boolean {
  return key.length > SUFFIX_OCTETS && isSoundName(nameOfKey(key));
}

function u16(key: Octets, at: number): number {
  return (key.charCodeAt(at) << 8) | key.charCodeAt(at + 1);
}
