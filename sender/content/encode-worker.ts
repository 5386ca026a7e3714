/** A worker thread of the encode pool: one run in, its encoded form out. */
import { encodeContent } from '../../shared/delta/content.ts';
import { ownBuffers, serveRequests } from '../../shared/workers/worker-pool.ts';
import type { EncodedRun, EncodeRequest } from './encode-pool.ts';

serveRequests<EncodeRequest, EncodedRun>(
  ({ target, base, effort }) => encodeContent(target, base, effort),
  ({ payload }) => ownBuffers(payload),
);
