/** What the definitions of the commands do not say by themselves. */
import type { CommonRules } from '../../shared/commands/common.ts';

export const RULES: CommonRules = {
  like: { doctor: 'ship' },
  exclusive: [],
  instead: { LIGHTERMAN_TOKEN: 'tokenFile' },
  examples: {
    doctor: ['lighterman doctor --to wss://far-host:7700 --token-file dc1.token'],
    activate: ['lighterman activate shop:2 --to wss://far-host:7700'],
    rollback: ['lighterman rollback shop --to wss://far-host:7700'],
    receipts: ['lighterman receipts'],
    'serve-hooks': ['lighterman serve-hooks sync.yaml --listen 127.0.0.1:7780'],
    seed: ['lighterman seed shop:1', 'lighterman seed ./shop_1.tar --store /var/lib/lighterman/pool'],
  },
};
