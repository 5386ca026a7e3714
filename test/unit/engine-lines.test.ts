import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errorOfLine, readEngineLines, type EngineLine } from '../../shared/engine/lines.ts';
import { utf8 } from '../../shared/bytes.ts';
import { ENGINE_LINE_BYTES_MAX } from '../../shared/limits.ts';

async function linesOf(...parts: readonly Uint8Array[]): Promise<EngineLine[]> {
  const source = async function* (): AsyncGenerator<Uint8Array> {
    yield* parts;
  };
  return Array.fromAsync(readEngineLines(source()));
}

describe('readEngineLines', () => {
  test('lines end with either line end, or with the answer', async () => {
    expect(await linesOf(utf8('{"stream":"a"}\r\n{"status":"b"}\n\n{"id":"c"}'))).toEqual([{ stream: 'a' }, { status: 'b' }, { id: 'c' }]);
  });

  test('they are the same however the answer is cut', async () => {
    const values = fc.array(fc.record({ stream: fc.string({ unit: 'binary' }) }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(values, fc.integer({ min: 1, max: 20 }), async (lines, partBytes) => {
        const bytes = utf8(lines.map((line) => `${JSON.stringify(line)}\r\n`).join(''));
        const parts = Array.from({ length: Math.ceil(bytes.length / partBytes) }, (_, i) =>
          bytes.subarray(i * partBytes, (i + 1) * partBytes),
        );
        expect(await linesOf(...parts)).toEqual(JSON.parse(JSON.stringify(lines)));
      }),
    );
  });

  test('any bytes give lines, and each is an object', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 100 })), async (parts) => {
        const lines = await linesOf(...parts, utf8('\n{"stream":"end"}'));
        expect(lines.at(-1)).toEqual({ stream: 'end' });
      }),
    );
  });

  test('a line without end is refused', async () => {
    await expect(linesOf(new Uint8Array(ENGINE_LINE_BYTES_MAX), utf8('\n'))).resolves.toEqual([]);
    await expect(linesOf(new Uint8Array(ENGINE_LINE_BYTES_MAX + 1))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });
});

test.each([
  [{ error: 'unexpected EOF' }, 'unexpected EOF'],
  [{ stream: 'Error unpacking image app:v2: apply layer error\n' }, 'Error unpacking image app:v2: apply layer error'],
  [{ stream: 'Loaded image: app:v2\n' }, undefined],
  [{ error: '' }, undefined],
  [{}, undefined],
])('the error of %j', (line, error) => {
  expect(errorOfLine(line)).toBe(error);
});
