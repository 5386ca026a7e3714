/**
 * What a process and its descendants have used, from /proc (proc(5)). CPU time is exact: the kernel adds a child's time to its parent when
 * the child is waited for, so the root's own `cutime` and what still lives make the whole. Memory is the sum of resident sets, a moment's view.
 */
import { readFileSync } from 'node:fs';

/** USER_HZ: the unit of times in /proc, 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** CPU seconds of everything below `rootPid` since that process started, not counting the process itself. */
export function descendantCpuSeconds(rootPid: number): number {
  const [, , ...waitedFor] = cpuTicks(rootPid);
  let ticks = sum(waitedFor);
  for (const pid of descendants(rootPid)) ticks += sum(cpuTicks(pid));
  return ticks / TICKS_PER_SECOND;
}

/** CPU seconds of the process and everything below it. */
export function treeCpuSeconds(rootPid: number): number {
  return sum(cpuTicks(rootPid).slice(0, 2)) / TICKS_PER_SECOND + descendantCpuSeconds(rootPid);
}

/** Resident bytes of everything below `rootPid` at this moment; memory that processes share counts once for each. */
export function descendantRssBytes(rootPid: number): number {
  return sum(descendants(rootPid).map(rssBytes));
}

/** Resident bytes of the process and everything below it. */
export function treeRssBytes(rootPid: number): number {
  return rssBytes(rootPid) + descendantRssBytes(rootPid);
}

function descendants(rootPid: number): number[] {
  const children = readProc(`${rootPid}/task/${rootPid}/children`).split(' ').filter(Boolean).map(Number);
  return children.flatMap((pid) => [pid, ...descendants(pid)]);
}

/** utime, stime, cutime and cstime; zeros for a process that is gone. */
function cpuTicks(pid: number): number[] {
  const text = readProc(`${pid}/stat`);
  // The command's name stands in brackets and may hold spaces and brackets itself; utime is the 14th field of the line.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return text === '' ? [0, 0, 0, 0] : fields.slice(11, 15).map(Number);
}

function rssBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(`${pid}/status`))?.[1];
  return Number(kib ?? 0) * 1024;
}

function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return '';
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
