/** What the definitions of the commands do not say by themselves. */
import type { CommonRules } from '../../shared/commands/common.ts';

export const RULES: CommonRules = {
  like: { doctor: 'serve' },
  exclusive: [['output', 'deliver']],
  instead: {},
  examples: {
    doctor: ['lightermand doctor --store /var/lib/lighterman --listen 127.0.0.1:7700 --deliver engine --push 127.0.0.1:5000'],
    serve: [
      'lightermand serve --listen 127.0.0.1:7700 --store /var/lib/lighterman --deliver engine',
      'lightermand serve --listen 0.0.0.0:7700 --store /var/lib/lighterman --deliver engine --push 127.0.0.1:5000 --tls-cert cert.pem --tls-key key.pem',
    ],
    images: ['lightermand images --store /var/lib/lighterman'],
    restore: [
      'lightermand restore shop:1 --store /var/lib/lighterman -o shop_1.tar',
      'lightermand restore shop:1 --store /var/lib/lighterman --deliver engine',
    ],
    stats: ['lightermand stats --store /var/lib/lighterman --json'],
    check: ['lightermand check --store /var/lib/lighterman --read-all'],
    receipts: ['lightermand receipts --store /var/lib/lighterman'],
    gc: ['lightermand gc --store /var/lib/lighterman --dry-run'],
    forget: ['lightermand forget shop:1 --store /var/lib/lighterman'],
    repair: ['lightermand repair --store /var/lib/lighterman'],
    pin: ['lightermand pin shop:1 --store /var/lib/lighterman'],
    unpin: ['lightermand unpin shop:1 --store /var/lib/lighterman'],
    'token add': [
      "lightermand token add --store /var/lib/lighterman --name ci --allow 'shop/*' --push",
      "lightermand token add --store /var/lib/lighterman --name dc1 --allow '*' --certificate dc1.example",
    ],
    'token list': ['lightermand token list --store /var/lib/lighterman'],
    'token revoke': ['lightermand token revoke ci --store /var/lib/lighterman'],
  },
};
