import { describe, expect, it } from 'vitest';
import { helpOf, manualPage } from '../../../shared/commands/manual.ts';
import { ERROR_TABLE } from '../../../shared/errors.ts';
import { exampleProgram } from './program.ts';

const FACTS = { settings: ['/etc/lighterman/lighterman.yaml'], home: '/home/user' };
const page = manualPage(exampleProgram(), FACTS);
/** As a reader sees it. */
const plain = page.replaceAll('\\-', '-').replaceAll(/\\f[BIR]/g, '');

describe('the manual page', () => {
  it('has every command with its options, choices, defaults and examples', () => {
    for (const words of ['ship <source...>', 'serve', 'look', 'token add', 'token list'])
      expect(plain).toContain(`.SS lighterman ${words}\n`);
    expect(plain).toContain('--effort <level>\nhow hard (one of low, high; default: low)\n');
    expect(plain).toContain('--to <address>\nwhere to (required)\n');
    expect(plain).toContain('lighterman ship a --to b');
  });

  it('has every variable once, and every exit status with its codes', () => {
    expect(plain).toContain('.B LIGHTERMAN_PUSH\nAs --push of ship, --push of serve, --push of look.\n');
    for (const [code, { exit, cause }] of Object.entries(ERROR_TABLE)) {
      expect(plain).toContain(`${code}: ${cause}`);
      expect(plain).toContain(`\n.B ${exit}\n`);
    }
  });

  it('names nobody’s home', () => {
    expect(plain).toContain('default: ~/pool');
    expect(plain).not.toContain('/home/user');
  });

  it('starts no line of text with what roff takes for a request', () => {
    expect(page).toContain('\n\\&.starts with a point\n');
    expect(page).toMatch(/\nit's a server: \[all\]\n/);
  });

  it('is made of the help as it is printed', () => {
    expect(helpOf(exampleProgram().commands[0] as never)).toContain('Examples:\n  lighterman ship a');
  });
});
