/**
 * A way to get an image archive from one host to another that holds the version before it. Each runs for real: its commands on two sides, its
 * bytes through the link.
 */
import type { FarEnd } from '../far-end.ts';
import type { Side } from '../measure/side.ts';
import type { Breakdown } from '../../sender/account/accounting.ts';

export interface Tool {
  /** Program that has to be on the PATH. */
  readonly command: string;
  /** Debian package that brings it. */
  readonly aptPackage: string;
  /** Arguments that make it print its version. */
  readonly version: readonly string[];
}

/** What a technique gets to work with. The directories are empty at first and belong to it. */
export interface PeerBench {
  readonly sender: Side;
  readonly receiver: Side;
  /** The sender's own memory. */
  readonly senderDirectory: string;
  /** What the receiver keeps between shipments: its disk use is measured. */
  readonly receiverDirectory: string;
  /** Where the receiver puts what was delivered, outside of what it keeps. */
  readonly deliveryDirectory: string;
  /** The engine and registry to deliver to; undefined where an archive at the receiver is enough. */
  readonly far: FarEnd | undefined;
}

export interface DialOptions {
  /** The side that will connect; `receiver` for techniques that pull. Default `sender`. */
  readonly from?: 'sender' | 'receiver';
  /** The port wanted on the near side, for techniques that know the far side by its address. */
  readonly port?: number;
}

/** One shipment: made after the other side was prepared, measured from `ship` to its end. */
export interface Shipment {
  /** Archive to be delivered. */
  readonly archive: string;
  /**
   * Gives the port through which the link leads to a listening port of the other side. Once per shipment.
   */
  readonly dial: (listeningPort: number, options?: DialOptions) => Promise<number>;
}

export interface Delivery {
  /** The delivered archive, which the bench compares with what was shipped; undefined where the technique delivers no file and checked it itself. */
  readonly path: string | undefined;
  /** The registry that has the image, where that is the technique's own and not the far end's: `127.0.0.1:PORT`. */
  readonly registry?: string;
  /** Where the bytes went, for techniques that can say. */
  readonly breakdown?: Breakdown;
}

export interface PeerSession extends AsyncDisposable {
  /** Puts both sides into the state in which `archive` was delivered before, by the shortest way. Not measured. */
  prepare(archive: string): Promise<void>;
  /** What is there before the command is given: an image in the sender's engine. Not measured. */
  stage?(archive: string): Promise<void>;
  ship(shipment: Shipment): Promise<Delivery>;
}

export interface Peer {
  readonly name: string;
  readonly title: string;
  readonly tools: readonly Tool[];
  /** What has to be there beside the program itself. */
  readonly needs: { readonly sender: string; readonly receiver: string };
  /** Which versions the receiver can give back from what it keeps. */
  readonly keeps: 'every version' | 'the newest version';
  /** `overlapped` where bytes travel while they are made, so that the slowest stage sets the pace; `staged` where one follows the other. */
  readonly flow: 'overlapped' | 'staged';
  /** True where it takes so long that the quick set leaves it out unless it is named. */
  readonly isSlow: boolean;
  /** True where it brings an image into the far engine by itself; the others deliver an archive that is then loaded. */
  readonly deliversToEngine: boolean;
  open(bench: PeerBench): Promise<PeerSession>;
}
