/** `--hooks FILE`: what is to happen when an image was delivered, activated, found unchanged, or failed. The documented form is HOOKS.md. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { TransferError } from '../../shared/errors.ts';
import { readYaml } from '../../shared/yaml.ts';

export const HOOK_EVENTS = ['delivered', 'staged', 'activated', 'rolled-back', 'unchanged', 'failed'] as const;
export type HookEvent = (typeof HOOK_EVENTS)[number];

const Seconds = z.number().positive().max(3600);
const Common = {
  on: z
    .union([z.enum(HOOK_EVENTS), z.array(z.enum(HOOK_EVENTS)).min(1)])
    .transform((value) => (typeof value === 'string' ? [value] : value)),
  /** Patterns of image names; default: all. */
  names: z.array(z.string().min(1)).min(1).optional(),
  retries: z.int().min(0).max(20).default(5),
  'timeout-seconds': Seconds.default(30),
};
const Url = z.string().refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), 'want http://... or https://...');

const Hook = z.union([
  z.strictObject({ ...Common, run: z.array(z.string()).min(1) }),
  z.strictObject({ ...Common, post: Url, 'secret-file': z.string().optional() }),
  z.strictObject({ ...Common, etcd: Url, key: z.string().min(1), value: z.string().optional() }),
  z.strictObject({ ...Common, consul: Url, key: z.string().min(1), value: z.string().optional(), 'token-file': z.string().optional() }),
]);
const HooksFile = z.strictObject({ hooks: z.array(Hook) });

export type HookConfig = z.output<typeof Hook>;

/** @throws TransferError USAGE with line and column. */
export async function readHooks(path: string): Promise<readonly HookConfig[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new TransferError('USAGE', `cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return readYaml(text, path, HooksFile, 'see receiver/hooks/HOOKS.md').hooks;
}
