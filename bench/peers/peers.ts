/** All techniques, in the order in which they are shown. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { TransferError } from '../../shared/errors.ts';
import { casync } from './casync.ts';
import { lighterman, lightermanMax } from './lighterman.ts';
import type { Peer, Tool } from './peer.ts';
import { dbup, restic } from './pool.ts';
import { push } from './push.ts';
import { rsync } from './rsync.ts';
import { gzip, xdelta, zstd, zstdLong, zstdPatch, zstdPatchHigh } from './streams.ts';

const run = promisify(execFile);

export const PEERS: readonly Peer[] = [
  lighterman,
  lightermanMax,
  gzip,
  push,
  zstd,
  zstdLong,
  zstdPatch,
  zstdPatchHigh,
  xdelta,
  rsync,
  dbup,
  casync,
  restic,
];

/** The techniques of these names, in their usual order. @throws TransferError USAGE for a name that there is not. */
export function peersNamed(names: readonly string[]): Peer[] {
  const unknown = names.find((name) => !PEERS.some((peer) => peer.name === name));
  if (unknown !== undefined) {
    throw new TransferError('USAGE', `no technique is called ${unknown}: ${PEERS.map((peer) => peer.name).join(', ')}`);
  }
  return PEERS.filter((peer) => names.includes(peer.name));
}

export interface Availability {
  /** Each tool with its version. */
  readonly versions: readonly string[];
  /** Undefined where everything is there. */
  readonly missing: string | undefined;
}

/** Looks for a technique's programs on the PATH. */
export async function findTools(peer: Peer): Promise<Availability> {
  const versions: string[] = [];
  for (const tool of peer.tools) {
    const version = await toolVersion(tool);
    if (version === undefined) return { versions, missing: `${tool.command} is not installed (apt install ${tool.aptPackage})` };
    versions.push(version);
  }
  return { versions, missing: undefined };
}

async function toolVersion({ command, version }: Tool): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await run(command, [...version]);
    return `${command} ${versionIn(`${stdout}${stderr}`.replace(command, ''))}`;
  } catch {
    return undefined;
  }
}

/** The version in what a program says of itself: the first number with a dot in it, else the first number. */
export function versionIn(text: string): string {
  return (/\d+(?:\.\d+)+/.exec(text) ?? /\d+/.exec(text))?.[0] ?? '(unknown)';
}
