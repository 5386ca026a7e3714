/**
 * Compiles every `assembly/*.ts` (AssemblyScript) to `<name>.wasm` beside this file. The sources hold no state and no data of
 * their own: they work with plain addresses in a memory that the loader brings.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = import.meta.dirname;
const flags = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--use', 'abort=', '--importMemory', '--enable', 'simd'];
// The command, not its API: the types that come with the API redefine globals for the whole program.
const compiler = fileURLToPath(new URL('../../node_modules/assemblyscript/bin/asc.js', import.meta.url));

for (const file of readdirSync(join(folder, 'assembly'))) {
  if (!file.endsWith('.ts')) continue;
  const output = `${basename(file, '.ts')}.wasm`;
  const { status } = spawnSync(process.execPath, [compiler, join('assembly', file), '--outFile', output, ...flags], {
    cwd: folder,
    stdio: 'inherit',
  });
  if (status === 0) console.log(`shared/wasm/${output}`);
  else process.exitCode = 1;
}
