import { describe, expect, it } from 'vitest';
import { TransferError } from '../../shared/errors.ts';
import { createBits, createMixer, hashText, mix } from '../../shared/recipe/difference/decision.ts';
import { LOGIT_MAX, SQUASH, STRETCH } from '../../shared/recipe/difference/logistic.ts';
import { codeIndex, codeSigned, createNumberModel } from '../../shared/recipe/difference/number.ts';
import { COLUMNS, createAccount, createBitDecoder, createBitEncoder, type BitCoder } from '../../shared/recipe/difference/range-coder.ts';
import { createRandom } from '../property/difference-recipes.ts';

/** What `run` returns, encoding and decoding; both must be the same. */
function bothWays<T>(run: (coder: BitCoder) => T): { encoded: T; decoded: T; bytes: Uint8Array } {
  const encoder = createBitEncoder();
  const encoded = run(encoder);
  const bytes = encoder.finish();
  const decoder = createBitDecoder(bytes);
  const decoded = run(decoder);
  decoder.finish();
  return { encoded, decoded, bytes };
}

describe('the range coder', () => {
  it('gives back decisions of any probability', () => {
    for (let seed = 0; seed < 30; seed++) {
      const random = createRandom(seed);
      const decisions = Array.from({ length: random(4000) }, () => {
        const one = [1, 65535, 32768, 1 + random(65535)][random(4)] ?? 1;
        return { one, bit: random(65536) < one ? 1 : 0 };
      });
      const { decoded } = bothWays((coder) => decisions.map(({ one, bit }) => coder.code(coder.decoding ? 0 : bit, one)));
      expect(decoded, `seed ${seed}`).toEqual(decisions.map(({ bit }) => bit));
    }
  });

  it('gives back decisions that were all unlikely, with carries through every byte', () => {
    const { decoded } = bothWays((coder) =>
      Array.from({ length: 500 }, (_, index) => coder.code(index % 3 === 0 ? 1 : 0, index % 3 === 0 ? 1 : 65535)),
    );
    expect(decoded).toEqual(Array.from({ length: 500 }, (_, index) => (index % 3 === 0 ? 1 : 0)));
  });

  it('takes no bytes for what is certain, and next to none for what is likely', () => {
    expect(bothWays(() => 0).bytes).toHaveLength(0);
    const { bytes } = bothWays((coder) => Array.from({ length: 100_000 }, () => coder.code(1, 65535)));
    expect(bytes.byteLength).toBeLessThanOrEqual(2);
  });

  it('leaves out at most 16 zero bytes at the end, which the decoder adds', () => {
    // All of the interval's lower end: zeros.
    const { bytes, decoded } = bothWays((coder) => Array.from({ length: 400 }, () => coder.code(1, 32768)));
    expect(decoded).toEqual(Array.from({ length: 400 }, () => 1));
    expect(bytes).toEqual(new Uint8Array(400 / 8 + 4 - 16));
  });

  it('reads no further than that', () => {
    const decoder = createBitDecoder(new Uint8Array(3));
    const read = (): void => {
      for (let count = 0; count < 1000; count++) decoder.code(0, 32768);
    };
    expect(read).toThrow(expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }));
  });

  it('finds bytes that were not read', () => {
    const decoder = createBitDecoder(new Uint8Array(10).fill(1));
    decoder.code(0, 32768);
    expect(() => decoder.finish()).toThrow(TransferError);
  });

  it('finds zero bytes at the end that should have been left out', () => {
    const decoder = createBitDecoder(Uint8Array.of(128, 0));
    decoder.code(0, 32768);
    expect(() => decoder.finish()).toThrow(TransferError);
  });

  it('accounts for bits by column', () => {
    const account = createAccount();
    const encoder = createBitEncoder(account);
    encoder.enter('path');
    encoder.code(1, 16384);
    encoder.enter('size');
    encoder.code(0, 32768);
    expect(account).toEqual({ ...Object.fromEntries(COLUMNS.map((column) => [column, 0])), path: 2, size: 1 });
  });
});

describe('probabilities and logits', () => {
  it('are those of the logistic function, to the nearest', () => {
    for (let logit = -LOGIT_MAX; logit <= LOGIT_MAX; logit++) {
      const exact = 65536 / (1 + Math.exp(-logit / 256));
      expect(SQUASH[logit + LOGIT_MAX]).toBe(Math.min(65535, Math.max(1, Math.round(exact))));
      // Not so near to a half that another way to compute it could give the next number.
      expect(Math.abs(exact - Math.floor(exact) - 0.5)).toBeGreaterThan(1e-6);
    }
  });

  it('have each other as inverses', () => {
    const wrong = Array.from({ length: 65535 }, (_, index) => index + 1).filter((probability) => {
      const at = (STRETCH[probability] as number) + LOGIT_MAX;
      return !((SQUASH[at] as number) >= probability && (at === 0 || (SQUASH[at - 1] as number) < probability));
    });
    expect(wrong).toEqual([]);
  });
});

describe('adaptive decisions', () => {
  it('cost less and less while they stay the same', () => {
    const { bytes, decoded } = bothWays((coder) => {
      const bits = createBits(1);
      return Array.from({ length: 10_000 }, () => bits.code(coder, 0, 1));
    });
    expect(decoded.every((bit) => bit === 1)).toBe(true);
    expect(bytes.byteLength).toBeLessThanOrEqual(3);
  });

  it('are mixed from the contexts that tell', () => {
    const random = createRandom(5);
    const truth = Array.from({ length: 4000 }, () => random(2));
    const { bytes, decoded } = bothWays((coder) => {
      const mixer = createMixer(3, 1, 10);
      return truth.map((bit, index) => {
        mixer.contexts[0] = mix(1, index);
        mixer.contexts[1] = mix(2, truth[index] as number);
        mixer.contexts[2] = 0;
        return mixer.code(coder, 0, 0, bit);
      });
    });
    expect(decoded).toEqual(truth);
    expect(bytes.byteLength).toBeLessThan(30);
  });

  it('in different places of one context are apart', () => {
    const { bytes } = bothWays((coder) => {
      const mixer = createMixer(1, 1, 8);
      return Array.from({ length: 4096 }, (_, index) => mixer.code(coder, 0, index % 16, index % 2));
    });
    expect(bytes.byteLength).toBeLessThan(30);
  });
});

describe('hashes', () => {
  it('are those of the document', () => {
    expect([hashText(''), hashText('usr/'), mix(1, 2), mix(-5, 2 ** 40 + 3)]).toEqual([-2128764932, 894347175, -1849525049, -794817045]);
  });
});

describe('numbers', () => {
  const numbers = [0, 1, 2, 3, 7, 8, 255, 1000, 131_072, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 40 + 5, 2 ** 50, 2 ** 53 - 2];

  it('are given back up to 2^53 - 2', () => {
    const { decoded } = bothWays((coder) => {
      const model = createNumberModel(2);
      return numbers.map((value, index) => model.code(coder, index % 2, coder.decoding ? 0 : value));
    });
    expect(decoded).toEqual(numbers);
  });

  it('have a sign where they need one', () => {
    const signed = [0, 1, -1, 2, -2, 500, -500, 2 ** 50, -(2 ** 50), 2 ** 51, -(2 ** 51)];
    const { decoded } = bothWays((coder) => {
      const model = createNumberModel(1);
      return signed.map((value) => codeSigned(model, coder, 0, coder.decoding ? 0 : value));
    });
    expect(decoded).toEqual(signed);
  });

  it('below a limit take its bits, and never reach it', () => {
    for (const limit of [1, 2, 3, 17, 256, 65_537, 12_000_000]) {
      const { decoded, bytes } = bothWays((coder) => codeIndex(coder, limit, coder.decoding ? 0 : limit - 1));
      expect(decoded).toBe(limit - 1);
      expect(bytes.byteLength).toBeLessThanOrEqual(4);
    }
    // Bits that are all 1: zero bytes.
    expect(() => codeIndex(createBitDecoder(new Uint8Array(8)), 5, 0)).toThrow(expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }));
  });
});
