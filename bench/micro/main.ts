/** `node bench/micro/main.ts [NAME...]`: module by module, in units of work a second, each beside its reference. */
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { TransferError } from '../../shared/errors.ts';
import { runCommand } from '../../shared/terminal/run-command.ts';
import { bytesText, factorText } from '../report/format.ts';
import { chunkerMicro, hashMicro, tarMicro } from './content.ts';
import { deflateMicro } from './deflate.ts';
import { deltaMicro } from './delta.ts';
import { loadMaterial, type Material } from './material.ts';
import { measureMicro, type Micro, type MicroResult } from './micro.ts';
import { ingestMicro, recipeMicro } from './recipe.ts';
import { storeMicro } from './store.ts';
import { wireMicro } from './wire.ts';
import { zstdMicro } from './zstd.ts';

const MICROS: Readonly<Record<string, (material: Material) => Micro | Promise<Micro>>> = {
  chunker: chunkerMicro,
  hash: hashMicro,
  tar: tarMicro,
  ingest: ingestMicro,
  recipe: recipeMicro,
  deflate: deflateMicro,
  zstd: zstdMicro,
  delta: deltaMicro,
  store: storeMicro,
  wire: wireMicro,
};

process.exitCode = await runCommand('micro', process, false, async () => {
  const asked = process.argv.slice(2);
  const names = asked.length === 0 ? Object.keys(MICROS) : asked;
  const material = await loadMaterial(fileURLToPath(new URL('../.cache', import.meta.url)));
  for (const name of names) {
    const make = MICROS[name];
    if (make === undefined) throw new TransferError('USAGE', `no benchmark is called ${name}: ${Object.keys(MICROS).join(', ')}`);
    await using micro = await make(material);
    process.stdout.write(`${microTable(await measureMicro(micro))}\n`);
  }
});

function microTable(results: readonly MicroResult[]): string {
  const reference = results.find(({ isReference }) => isReference);
  const table = new Table({
    head: [results[0]?.micro ?? '', `${results[0]?.unit ?? ''} of CPU`, 'by the clock', 'of the reference', 'gives'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'right', 'right', 'right', 'right'],
  });
  for (const { name, isReference, rate, wallRate, resultBytes } of results) {
    const share = reference === undefined ? '' : factorText(rate / reference.rate);
    table.push([
      isReference ? `${name} (reference)` : name,
      rateText(rate),
      rateText(wallRate),
      share,
      resultBytes === undefined ? '' : bytesText(resultBytes),
    ]);
  }
  return table.toString();
}

function rateText(rate: number): string {
  return rate >= 100 ? Math.round(rate).toLocaleString('en-US') : rate.toPrecision(3);
}
