/**
 * The lines of JSON in which engines report on loads and pushes. An error in the middle comes as a line like any other, behind a
 * status that said 200, and one kind of failed load is not even called an error: every line has to be read.
 */
import { TransferError } from '../errors.ts';
import { ENGINE_LINE_BYTES_MAX } from '../limits.ts';

/** The part of a line that is used (Docker Engine API, "JSONMessage"). */
export interface EngineLine {
  readonly id?: string;
  readonly status?: string;
  readonly stream?: string;
  readonly error?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number } | null;
  readonly aux?: { readonly Digest?: string } | null;
}

/**
 * The lines of an answer as they come; what is not an object of JSON is passed over, as `docker` does not stop at it either.
 * @throws TransferError LIMIT_EXCEEDED for a line of more than ENGINE_LINE_BYTES_MAX.
 */
export async function* readEngineLines(answer: AsyncIterable<Uint8Array>): AsyncGenerator<EngineLine> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of answer) {
    rest += decoder.decode(bytes, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > ENGINE_LINE_BYTES_MAX) throw new TransferError('LIMIT_EXCEEDED', 'the engine wrote a line without end');
    for (const line of lines) yield* parse(line);
  }
  yield* parse(rest + decoder.decode());
}

function* parse(text: string): Generator<EngineLine> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return;
  }
  if (typeof value === 'object' && value !== null) yield value;
}

/** The error that a line reports, or undefined. */
export function errorOfLine(line: EngineLine): string | undefined {
  if (typeof line.error === 'string' && line.error !== '') return line.error;
  // A containerd store goes on after this and calls the image loaded.
  if (typeof line.stream === 'string' && line.stream.startsWith('Error unpacking image')) return line.stream.trim();
  return undefined;
}
