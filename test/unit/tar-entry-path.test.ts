import { describe, expect, it } from 'vitest';
import { utf8, utf8Text } from '../../shared/bytes.ts';
import { createEntryPaths } from '../../shared/tar/entry-path.ts';
import { paxRecord } from '../support/craft-tar.ts';

type Line = [type: string, name: string, link: string, inline?: string];

function paths(lines: readonly Line[]): (string | undefined)[] {
  const entries = createEntryPaths();
  return lines.map(([type, name, link, inline]) => {
    const row = { name: utf8(name), link: utf8(link), inline: inline === undefined ? undefined : utf8(inline) };
    const entry = entries.next(row, type.charCodeAt(0));
    return entry && `${utf8Text(entry.path)}>${utf8Text(entry.link)}`;
  });
}

describe('entry paths', () => {
  it('are those of the header', () => {
    expect(paths([['0', 'a', ''], ['2', 'b', 'a']])).toEqual(['a>', 'b>a']); // prettier-ignore
  });

  it('are overridden for the next entry by GNU long names', () => {
    const long = 'l'.repeat(150);
    const lines: Line[] = [['K', '././@LongLink', '', `${long}\0`], ['L', '././@LongLink', '', `${long}2\0`], ['2', 'l', 't'], ['0', 'b', '']]; // prettier-ignore
    expect(paths(lines)).toEqual([undefined, undefined, `${long}2>${long}`, 'b>']);
  });

  it('are overridden for the next entry by pax records', () => {
    const pax = paxRecord('path', 'ünï/cödé') + paxRecord('linkpath', 'there') + paxRecord('path', 'last/wins');
    expect(paths([['x', 'PaxHeaders/a', '', pax], ['2', 'a', 'b'], ['0', 'c', '']])).toEqual([undefined, 'last/wins>there', 'c>']); // prettier-ignore
  });

  it('are not touched by global pax headers, nor by ones that were not kept', () => {
    expect(paths([['g', 'g', '', paxRecord('path', 'p')], ['x', 'x', ''], ['0', 'a', '']])).toEqual([undefined, undefined, 'a>']); // prettier-ignore
  });
});
