// @ts-check
/**
 * CPU time and memory of a process as the kernel accounts for them.
 *
 * CPU time is user plus system time of all threads of the process and of its living descendants, from /proc/PID/stat.
 * The kernel keeps it in nanoseconds and shows it in ticks of 10 ms, so a load of a few seconds is needed. Work that the
 * kernel does for a packet on the loopback interface is charged to whoever sent it; that is the same for every peer.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Fields of /proc/PID/stat after the command name, which may contain spaces. @param {number | string} pid */
function readStat(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** The process and all its living descendants. @param {number} root @returns {number[]} */
export function family(root) {
  /** @type {Map<number, number[]>} */
  const children = new Map();
  for (const entry of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(entry)) continue;
    try {
      const parent = Number(readStat(Number(entry))[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
    } catch {
      // the process ended while we read
    }
  }
  const found = [root];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

/** User and system time used so far, in microseconds. @param {number} root */
export function cpuTimeUs(root) {
  let ticks = 0;
  for (const pid of family(root)) {
    try {
      const fields = readStat(pid);
      ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // the process ended while we read
    }
  }
  return (ticks / ticksPerSecond) * 1e6;
}

/** Resident memory in octets (VmRSS, so with file and shared pages that were touched). @param {number} root */
export function residentOctets(root) {
  let kibibytes = 0;
  for (const pid of family(root)) {
    try {
      kibibytes += Number(
        /^VmRSS:\s+([0-9]+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0,
      );
    } catch {
      // the process ended while we read
    }
  }
  return kibibytes * 1024;
}

/** CPU time of each living thread of one process, in microseconds, by thread id. @param {number} pid */
export function threadTimesUs(pid) {
  /** @type {Map<string, number>} */
  const times = new Map();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      const fields = readStat(`${pid}/task/${thread}`);
      times.set(thread, ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6);
    } catch {
      // the thread ended while we read
    }
  }
  return times;
}
