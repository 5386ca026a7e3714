/**
 * The control socket of a `serve`: `control.sock` in the store's directory, for whoever may write there. A request is one line of JSON, the
 * answer a row of frames: a type byte, a length (u32, little-endian), and so many bytes.
 */
import { createConnection, createServer, type Socket } from 'node:net';
import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { utf8, utf8Text } from '../../shared/bytes.ts';
import { isErrorCode, systemCode, TransferError } from '../../shared/errors.ts';
import { CONTROL_FRAME_BYTES_MAX, CONTROL_REQUEST_BYTES_MAX } from '../../shared/limits.ts';

export interface ControlRequest {
  readonly command: string;
  readonly flags: unknown;
}

/** Where what a command says goes: its own terminal, or the other end of the socket. */
export interface ControlTerminal {
  stdout(text: string): void;
  stderr(text: string): void;
  progress(phase: string, done: number, total: number): void;
  archive(bytes: number, pieces: AsyncIterable<Uint8Array>): Promise<void>;
}

const FRAME = { stdout: 1, stderr: 2, progress: 3, archive: 4, piece: 5, end: 6 } as const;
const FRAME_HEADER_BYTES = 5;
/** What the system takes as the path of a socket. */
const SOCKET_PATH_BYTES_MAX = 107;

export type ControlHandler = (request: ControlRequest, terminal: ControlTerminal, signal: AbortSignal) => Promise<void>;

/**
 * Answers requests until it is disposed of; a command whose asker goes away is aborted. Must run under the store's lock.
 * @throws TransferError LIMIT_EXCEEDED where the path is too long for a socket.
 */
export async function listenControl(directory: string, handler: ControlHandler): Promise<AsyncDisposable> {
  const path = controlPath(directory);
  if (Buffer.byteLength(path) > SOCKET_PATH_BYTES_MAX)
    throw new TransferError('LIMIT_EXCEEDED', `${path} is longer than the ${SOCKET_PATH_BYTES_MAX} bytes of a socket's path`);
  await rm(path, { force: true });
  const running = new Set<Promise<void>>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const work = answer(socket, handler).finally(() => {
      sockets.delete(socket);
      running.delete(work);
    });
    running.add(work);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(TransferError.from(error, path)));
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await Promise.all(running);
      await closed;
    },
  };
}

/** Never rejects. */
async function answer(socket: Socket, handler: ControlHandler): Promise<void> {
  const gone = new AbortController();
  socket.on('error', () => {});
  socket.on('close', () => gone.abort(new TransferError('INTERRUPTED', 'the command was interrupted')));
  const send = async (type: number, bytes: Uint8Array): Promise<void> => {
    const header = new Uint8Array(FRAME_HEADER_BYTES);
    header[0] = type;
    new DataView(header.buffer).setUint32(1, bytes.byteLength, true);
    socket.write(header);
    if (socket.write(bytes) || socket.destroyed) return;
    await new Promise<void>((resolve) => {
      socket.once('drain', resolve);
      socket.once('close', resolve);
    });
  };
  const tell = (type: number, text: string): void => void send(type, utf8(text));
  const terminal: ControlTerminal = {
    stdout: (text) => tell(FRAME.stdout, text),
    stderr: (text) => tell(FRAME.stderr, text),
    progress: (phase, done, total) => tell(FRAME.progress, JSON.stringify([phase, done, total])),
    async archive(bytes, pieces) {
      tell(FRAME.archive, JSON.stringify(bytes));
      for await (const piece of pieces) {
        gone.signal.throwIfAborted();
        for (let at = 0; at < piece.byteLength; at += CONTROL_FRAME_BYTES_MAX)
          await send(FRAME.piece, piece.subarray(at, at + CONTROL_FRAME_BYTES_MAX));
      }
      await send(FRAME.piece, new Uint8Array(0));
    },
  };
  try {
    await handler(await readRequest(socket), terminal, gone.signal);
    tell(FRAME.end, JSON.stringify(null));
  } catch (error) {
    const { code, message, hint } = TransferError.from(error);
    tell(FRAME.end, JSON.stringify({ code, message, hint }));
  }
  socket.end();
}

async function readRequest(socket: Socket): Promise<ControlRequest> {
  const parts: Buffer[] = [];
  let bytes = 0;
  const line = await new Promise<Buffer>((resolve, reject) => {
    socket.on('data', (part: Buffer) => {
      parts.push(part);
      bytes += part.byteLength;
      if (part.includes(0x0a)) resolve(Buffer.concat(parts));
      else if (bytes > CONTROL_REQUEST_BYTES_MAX) reject(new TransferError('LIMIT_EXCEEDED', 'the request is too long'));
    });
    socket.once('close', () => reject(new TransferError('INTERRUPTED', 'the asker went away')));
  });
  try {
    const { command, flags } = JSON.parse(line.subarray(0, line.indexOf(0x0a)).toString()) as Record<'command' | 'flags', unknown>;
    if (typeof command === 'string') return { command, flags };
  } catch {
    // Told below.
  }
  throw new TransferError('PROTOCOL_VIOLATION', 'the request is not a line of JSON with a command');
}

/**
 * Has the `serve` that has this store open run a command.
 * @returns false where no `serve` answers there.
 * @throws TransferError what the command threw there; PEER_LOST where the `serve` ended meanwhile.
 */
export async function askControl(
  directory: string,
  request: ControlRequest,
  terminal: ControlTerminal,
  signal: AbortSignal,
): Promise<boolean> {
  const socket = await connectControl(controlPath(directory));
  if (socket === undefined) return false;
  const onAbort = (): void => void socket.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    socket.write(`${JSON.stringify(request)}\n`);
    const frames = readFrames(socket);
    for (let frame = await next(frames); ; frame = await next(frames)) {
      const text = (): string => utf8Text(frame.bytes);
      if (frame.type === FRAME.stdout) terminal.stdout(text());
      else if (frame.type === FRAME.stderr) terminal.stderr(text());
      else if (frame.type === FRAME.progress) terminal.progress(...(JSON.parse(text()) as [string, number, number]));
      else if (frame.type === FRAME.archive) await terminal.archive(JSON.parse(text()) as number, piecesOf(frames));
      else if (frame.type === FRAME.end) {
        const failure = JSON.parse(text()) as { code: string; message: string; hint: string } | null;
        if (failure === null) return true;
        throw new TransferError(isErrorCode(failure.code) ? failure.code : 'INTERNAL', failure.message, { hint: failure.hint });
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}

interface Frame {
  readonly type: number;
  readonly bytes: Uint8Array;
}

async function connectControl(path: string): Promise<Socket | undefined> {
  if (Buffer.byteLength(path) > SOCKET_PATH_BYTES_MAX) return undefined;
  const socket = createConnection(path);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return socket;
  } catch (error) {
    const code = systemCode(error);
    // A file that a killed `serve` left refuses.
    if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTSOCK' || code === 'ENOTDIR') return undefined;
    throw TransferError.from(error, path);
  }
}

async function* readFrames(socket: Socket): AsyncGenerator<Frame, void> {
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const part of socket) {
      rest = rest.byteLength === 0 ? (part as Buffer) : Buffer.concat([rest, part as Buffer]);
      while (rest.byteLength >= FRAME_HEADER_BYTES) {
        const length = rest.readUInt32LE(1);
        if (length > CONTROL_FRAME_BYTES_MAX) throw new TransferError('PROTOCOL_VIOLATION', 'a control frame is too long');
        if (rest.byteLength < FRAME_HEADER_BYTES + length) break;
        yield { type: rest[0] as number, bytes: rest.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + length) };
        rest = rest.subarray(FRAME_HEADER_BYTES + length);
      }
    }
  } catch (error) {
    throw TransferError.from(error, 'the control socket');
  }
}

async function next(frames: AsyncGenerator<Frame, void>): Promise<Frame> {
  const { value, done } = await frames.next();
  if (done === true) throw new TransferError('PEER_LOST', 'the receiver ended before the command did', { hint: 'see its log' });
  return value;
}

async function* piecesOf(frames: AsyncGenerator<Frame, void>): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    const { type, bytes } = await next(frames);
    if (type === FRAME.end) {
      const failure = JSON.parse(utf8Text(bytes)) as { code: string; message: string; hint: string } | null;
      const code = failure !== null && isErrorCode(failure.code) ? failure.code : 'INTERNAL';
      throw new TransferError(code, failure?.message ?? 'the archive ended early', failure === null ? {} : { hint: failure.hint });
    }
    if (type === FRAME.piece && bytes.byteLength === 0) return;
    if (type === FRAME.piece) yield bytes;
  }
}

function controlPath(directory: string): string {
  return join(directory, 'control.sock');
}
