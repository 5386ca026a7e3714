import { describe, expect, it } from 'vitest';
import { createWasmInstance } from '../../shared/wasm/load.ts';

interface Cdc {
  findCut(...numbers: number[]): number;
}

describe('createWasmInstance', () => {
  it('gives each caller a zeroed memory of its own, at least as large as asked for', () => {
    const one = createWasmInstance<Cdc>('cdc', 100_000);
    const other = createWasmInstance<Cdc>('cdc', 100_000);
    expect(one, 'run `npm run build:wasm`').toBeDefined();
    const bytes = new Uint8Array(one?.memory.buffer ?? new ArrayBuffer(0));
    expect(bytes.byteLength).toBeGreaterThanOrEqual(100_000);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    bytes.fill(1);
    expect(new Uint8Array(other?.memory.buffer ?? new ArrayBuffer(1)).includes(1)).toBe(false);
    expect(one?.exports.findCut(0, 1024, 100, 8192, 32_768, -1, -1)).toBe(100);
  });

  it('gives nothing where there is no such module', () => {
    expect(createWasmInstance('none', 1)).toBeUndefined();
  });
});
