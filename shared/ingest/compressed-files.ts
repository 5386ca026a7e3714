/** The large compressed files of a layer while it passes: each becomes a stream of its own, as a compressed layer is one in its archive. */
import { utf8Text } from '../bytes.ts';
import type { Id } from '../hash.ts';
import { WRAPPED_FILE_BYTES_MIN } from '../limits.ts';
import type { WrapMethod } from '../recipe/recipe.ts';
import { METHOD_HEAD_BYTES, methodFor } from '../wrapped/method.ts';
import { createBodyHead, FILES, nestedRow, type BodyHead } from './nested-body.ts';
import type { BodyHandler } from './stream-recipe.ts';
import type { WrappedMember } from './wrapped-member.ts';

export interface FileEvents {
  openWrapped(method: WrapMethod): WrappedMember;
  /** It has passed, and is to be in the store before the layer's recipe. */
  wrapped(path: string, id: Id, file: WrappedMember): void;
}

/** @param pushContent takes what is content of the layer itself. */
export function createFileHandler(events: FileEvents, pushContent: (piece: Uint8Array) => void): BodyHandler {
  let head: BodyHead | undefined;
  let file: WrappedMember | undefined;
  const write = (piece: Uint8Array): void => (file === undefined ? pushContent(piece) : file.write(piece));
  /** The head is complete, or the body ended before it was. */
  const decide = ({ bytes }: BodyHead): void => {
    head = undefined;
    const method = methodFor(bytes);
    if (method !== undefined) file = events.openWrapped(method);
    write(bytes);
  };
  return {
    bodyStart({ typeflag }, bytes) {
      head = bytes >= WRAPPED_FILE_BYTES_MIN && FILES.has(typeflag) ? createBodyHead(METHOD_HEAD_BYTES) : undefined;
    },
    body(piece) {
      let rest = piece;
      if (head) {
        rest = head.take(piece);
        if (head.isWhole) decide(head);
      }
      if (rest.byteLength > 0) write(rest);
    },
    row(row) {
      if (head) decide(head);
      if (file === undefined) return row;
      const passed = file;
      file = undefined;
      const id = passed.end();
      events.wrapped(utf8Text(row.name), id, passed);
      return nestedRow(row, id);
    },
  };
}
