/**
 * The members of an archive while it passes: a member that is itself a tar (a layer) becomes a stream of its own, and so does one that is
 * compressed; small ones are kept for their reader, links are noted.
 */
import { concatBytes, copyBytes, utf8Text } from '../bytes.ts';
import { createSha256, type Id, type StreamHasher } from '../hash.ts';
import { IMAGE_JSON_BYTES_MAX, WRAPPED_BYTES_MIN } from '../limits.ts';
import type { WrapMethod } from '../recipe/recipe.ts';
import { createEntryPaths } from '../tar/entry-path.ts';
import { BLOCK_BYTES, isHeader } from '../tar/header.ts';
import { methodFor } from '../wrapped/method.ts';
import { createBodyHead, FILES, nestedRow, type BodyHead } from './nested-body.ts';
import type { BodyHandler, StreamRecipe, TakenApart } from './stream-recipe.ts';
import type { WrappedMember } from './wrapped-member.ts';

/** A member that is content: everything but layers, folders and links. */
export interface ArchiveFile {
  readonly path: string;
  readonly bytes: number;
  /** The whole content where it is at most `IMAGE_JSON_BYTES_MAX`; belongs to the receiver. */
  readonly content: Uint8Array | undefined;
  /** Where it was asked for. */
  readonly sha256: Uint8Array | undefined;
}

/** A symbolic or hard link: another name for a member. */
export interface ArchiveLink {
  readonly path: string;
  readonly target: string;
  readonly isSymbolic: boolean;
}

export interface MemberEvents {
  /** A member that is a tar begins: makes the stream that takes it apart. */
  openStream(): StreamRecipe;
  stream(path: string, stream: TakenApart): void;
  /** A member that is compressed begins. */
  openWrapped(method: WrapMethod): WrappedMember;
  wrapped(path: string, id: Id, member: WrappedMember): void;
  file(file: ArchiveFile): void;
  link(link: ArchiveLink): void;
}

const HARD_LINK = 0x31;
const SYMBOLIC_LINK = 0x32;

/** The member whose body is passing. */
interface OpenMember {
  readonly isFile: boolean;
  /** The first block, until it is known whether it is a header. */
  head: BodyHead | undefined;
  stream: StreamRecipe | undefined;
  wrapped: WrappedMember | undefined;
  readonly bytes: number;
  readonly kept: Uint8Array[] | undefined;
  readonly sha256: StreamHasher | undefined;
}

/** @param pushContent takes what is content of the archive itself. */
export function createMemberHandler(events: MemberEvents, sha256: boolean, pushContent: (piece: Uint8Array) => void): BodyHandler {
  const paths = createEntryPaths();
  let open: OpenMember | undefined;

  const toContent = (member: OpenMember, piece: Uint8Array): void => {
    member.kept?.push(copyBytes(piece));
    member.sha256?.update(piece);
    pushContent(piece);
  };

  const write = (member: OpenMember, piece: Uint8Array): void => {
    if (member.stream) member.stream.write(piece);
    else if (member.wrapped) member.wrapped.write(piece);
    else toContent(member, piece);
  };

  /** The head is complete, or the body ended before it was. */
  const decide = (member: OpenMember, head: Uint8Array): void => {
    member.head = undefined;
    const method = member.bytes < WRAPPED_BYTES_MIN ? undefined : methodFor(head);
    if (isHeader(head)) member.stream = events.openStream();
    else if (method !== undefined) member.wrapped = events.openWrapped(method);
    write(member, head);
  };

  return {
    bodyStart(header, bytes) {
      const isFile = FILES.has(header.typeflag);
      open = {
        isFile,
        head: isFile ? createBodyHead(Math.min(bytes, BLOCK_BYTES)) : undefined,
        stream: undefined,
        wrapped: undefined,
        bytes,
        kept: isFile && bytes <= IMAGE_JSON_BYTES_MAX ? [] : undefined,
        sha256: isFile && sha256 ? createSha256() : undefined,
      };
    },
    body(piece) {
      const member = open as OpenMember;
      let rest = piece;
      if (member.head) {
        rest = member.head.take(piece);
        if (member.head.isWhole) decide(member, member.head.bytes);
      }
      if (rest.byteLength > 0) write(member, rest);
    },
    row(row, typeflag) {
      const entry = paths.next(row, typeflag);
      const member = open;
      open = undefined;
      if (entry === undefined) return row;
      const path = utf8Text(entry.path);
      if (typeflag === SYMBOLIC_LINK || typeflag === HARD_LINK) {
        events.link({ path, target: utf8Text(entry.link), isSymbolic: typeflag === SYMBOLIC_LINK });
      }
      if (!FILES.has(typeflag)) return row;
      if (member?.head) decide(member, member.head.bytes);
      if (member?.stream) {
        const stream = member.stream.end();
        events.stream(path, stream);
        return nestedRow(row, stream.recipe.id);
      }
      if (member?.wrapped) {
        const id = member.wrapped.end();
        events.wrapped(path, id, member.wrapped);
        return nestedRow(row, id);
      }
      events.file({
        path,
        bytes: row.bodyBytes,
        content: member === undefined ? new Uint8Array(0) : member.kept && concatBytes(member.kept),
        sha256: (member?.sha256 ?? (sha256 ? createSha256() : undefined))?.digest(),
      });
      return row;
    },
  };
}
