/** A worker thread that puts parts of members together. */
import { releaseBytes } from '../bytes.ts';
import { ownBuffers, serveRequests } from '../workers/worker-pool.ts';
import { giveKernelBack, takeKernel } from './kernel.ts';
import { putPartTogether, type PartReply, type PartRequest } from './part-rebuild.ts';

serveRequests<PartRequest, PartReply>(
  (part) => {
    const kernel = takeKernel();
    try {
      return putPartTogether(kernel, part);
    } finally {
      giveKernelBack(kernel);
      releaseBytes(part.plain);
    }
  },
  ({ made }) => ownBuffers(made),
);
