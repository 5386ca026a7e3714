/** What the definitions of the commands do not say by themselves. */
import type { CommonRules } from '../../shared/commands/common.ts';

export const RULES: CommonRules = {
  like: { doctor: 'ship' },
  exclusive: [],
  instead: { LIGHTERMAN_TOKEN: 'tokenFile' },
  examples: {
    doctor: ['lighterman doctor --to wss://far-host:7700 --token-file dc1.token'],
    rollback: ['lighterman rollback shop --to wss://far-host:7700'],
    seed: ['lighterman seed shop:1', 'lighterman seed ./shop_1.tar --store /var/lib/lighterman/pool'],
  },
};
