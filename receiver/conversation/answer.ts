/** What an offer is answered: whether the image is held, and, once in a session, the streams that can serve as bases. */
import { splitBytes } from '../../shared/bytes.ts';
import type { Id } from '../../shared/hash.ts';
import { BASES_MAX, encodeMessage, PREFIX_BYTES, type Message } from '../../shared/wire/messages.ts';
import { demandName, mayRead, type Access } from '../access/access.ts';
import type { Catalog, ImageRecord } from '../catalog/catalog.ts';
import type { Participation } from './participation.ts';

export interface Answers {
  /** The list of the first answer that had one: later streams of the session are bases by their number in it. */
  readonly bases: () => readonly Id[];
  /** @returns the image where it is held, and the `answer` frame. @throws TransferError FORBIDDEN */
  to(offer: Message<'offer'>): Promise<{ readonly held: ImageRecord | undefined; readonly frame: Uint8Array }>;
}

/** Nothing but what `access` may read is named, or counts as held. */
export function createAnswers(catalog: Catalog, access: Access, participation: Participation): Answers {
  let bases: readonly Id[] = [];
  let complete = true;
  const heldImage = (imageId: Uint8Array, archiveId: Uint8Array): ImageRecord | undefined => {
    const known = imageId.byteLength > 0 ? catalog.byImageId(imageId) : archiveId.byteLength > 0 ? catalog.byArchive(archiveId) : undefined;
    return known !== undefined && mayRead(access, known) && catalog.isTrusted(known) ? known : undefined;
  };
  return {
    bases: () => bases,
    async to([image, ref, imageId, archiveId, prefixes]) {
      if (ref !== '') demandName(access, ref);
      const held = heldImage(imageId, archiveId);
      let answered: readonly Id[] = [];
      if (held === undefined && bases.length === 0) {
        const layers = splitBytes(prefixes, PREFIX_BYTES);
        const whole = await participation.wholeStreams();
        const known = catalog.bases(ref, layers, BASES_MAX - whole.length, (record) => mayRead(access, record));
        complete = known.complete && !participation.hasUnfinished() && (await access.sent.isEmpty());
        bases = [...known.streams, ...whole];
        answered = bases;
      }
      const prefixesHeld = Buffer.concat(answered.map((id) => id.subarray(0, PREFIX_BYTES)));
      const answer = [image, held === undefined ? 0 : 1, prefixesHeld, complete ? 1 : 0] as const;
      // Where nothing goes on that costs nothing.
      const begun = participation.begunPrefixes();
      const frame = encodeMessage('answer', held !== undefined || begun.byteLength === 0 ? [...answer] : [...answer, begun]);
      return { held, frame };
    },
  };
}
