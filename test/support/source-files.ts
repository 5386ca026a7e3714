/** Files like those of packages: seeded text that compresses as programs do, and versions of them. */
import { utf8 } from '../../shared/bytes.ts';
import { imageEntries } from './craft-image.ts';
import { craftEntry, craftTar } from './craft-tar.ts';
import { seededBytes } from './random.ts';

/** Contents by path. */
export type Files = Readonly<Record<string, Uint8Array>>;

const SYLLABLES = ['ba', 'ko', 'ri', 'tu', 'se', 'mo', 'lan', 'der', 'vi', 'qua', 'ten', 'for', 'us', 'ple', 'gra', 'nim'];
const FORMS = ['  const A = B(C, D);', '  if (A === B) return C;', '  A.B = C + D;', '}', 'export function A(B, C) {', '  // A B C D'];

/** `lines` lines of a program; no two seeds have a line in common but by chance. */
export function programLines(seed: number, lines: number): string[] {
  const random = seededBytes(seed, lines * 16);
  return Array.from({ length: lines }, (_, line) => {
    const at = line * 16;
    const word = (i: number): string => {
      const [a, b, c] = [random[at + 3 * i + 1] as number, random[at + 3 * i + 2] as number, random[at + 3 * i + 3] as number];
      return `${SYLLABLES[a & 15]}${SYLLABLES[a >> 4]}${SYLLABLES[b & 15]}${c & 31}`;
    };
    const form = FORMS[(random[at] as number) % FORMS.length] as string;
    return form.replace(/[A-D]/g, (place) => word('ABCD'.indexOf(place)));
  });
}

/** The same lines but one in `every`, which another version has. */
export function editedLines(lines: readonly string[], seed: number, every: number): string[] {
  const others = programLines(seed, Math.ceil(lines.length / every));
  return lines.map((line, i) => (i % every === every >> 1 ? (others[Math.floor(i / every)] as string) : line));
}

export function textOf(lines: readonly string[]): Uint8Array {
  return utf8(`${lines.join('\n')}\n`);
}

/** A layer of these files, in this order. */
export function layerOf(files: Files, mtime = '14512345670\0'): Uint8Array {
  return craftTar(Object.entries(files).map(([name, content]) => craftEntry({ name, mtime }, content)));
}

/** The archive of one image of these layers, lowest first. */
export function archiveOf(tag: string, layers: readonly Uint8Array[]): Uint8Array {
  return craftTar(imageEntries({ images: [{ tag, layers }], layout: 'oci' }));
}
