/** shared/ERRORS.md is made from the table in shared/errors.ts: `npx vitest run test/golden/errors-document.test.ts -u` writes it anew. */
import { expect, it } from 'vitest';
import { ERROR_TABLE } from '../../shared/errors.ts';

const INTRODUCTION = `# Errors

Made from the table in [errors.ts](errors.ts) by \`test/golden/errors-document.test.ts\`; do not edit it here.

A command that fails prints one line: what happened and where, and in brackets what to do. The exit status is that of the code; with \`--json\` the last line of stdout
has \`code\`, \`message\`, \`hint\` and \`exitCode\`. Codes cross the wire: what fails at the receiver ends \`lighterman ship\` with the same code. *Retry* says whether the
same command may succeed later without anything being changed; where it does, what was acknowledged before is not sent again.
`;

it('ERRORS.md is what the table says', async () => {
  const rows = Object.entries(ERROR_TABLE).map(
    ([code, { cause, exit, retryable, hint }]) => `| ${code} | ${exit} | ${cause} | ${retryable ? 'yes' : 'no'} | ${hint} |`,
  );
  const table = ['| code | exit | cause | retry | what to do |', '|---|---:|---|---|---|', ...rows].join('\n');
  await expect(`${INTRODUCTION}\n${table}\n`).toMatchFileSnapshot('../../shared/ERRORS.md');
});

it('no cell breaks the table, and every code says something', () => {
  for (const [code, { cause, hint }] of Object.entries(ERROR_TABLE)) {
    expect([code, cause]).toEqual([code, expect.stringMatching(/^[^|\n]{5,}$/)]);
    expect([code, hint]).toEqual([code, expect.stringMatching(/^[^|\n]{5,}$/)]);
  }
});
