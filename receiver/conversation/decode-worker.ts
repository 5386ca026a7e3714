/** A worker thread of the decode pool: one encoded run in, its content out. */
import { releaseBytes } from '../../shared/bytes.ts';
import { decodeContent } from '../../shared/delta/content.ts';
import { ownBuffers, serveRequests } from '../../shared/workers/worker-pool.ts';
import type { DecodeRequest } from './decode-pool.ts';

serveRequests<DecodeRequest, Uint8Array>(
  ({ codec, payload, base, targetBytes }) => decodeContent(codec, payload, base, targetBytes, releaseBytes),
  (content) => ownBuffers(content),
);
