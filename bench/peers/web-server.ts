/** Serves a folder over HTTP on loopback: `node web-server.ts FOLDER PORT`. What casync's receiver reads from. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join, normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';

const [folder = '.', port = '0'] = process.argv.slice(2);

const server = createServer((request, response) => {
  // Normalised as an absolute path first, so that no `..` leads out of the folder.
  const path = join(folder, normalize(`/${request.url ?? ''}`));
  stat(path)
    .then(({ size }) => {
      response.writeHead(200, { 'content-length': size });
      return pipeline(createReadStream(path), response);
    })
    .catch(() => response.headersSent || response.writeHead(404).end());
});
server.keepAliveTimeout = 600_000;
server.listen(Number(port), '127.0.0.1');
