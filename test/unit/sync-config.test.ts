import { describe, expect, it } from 'vitest';
import { parseSyncConfig } from '../../sender/sync/config.ts';
import { parseTimeOfDay } from '../../sender/sync/time-of-day.ts';

const FULL = `
engine: unix:///run/docker.sock
time-zone: Europe/Berlin
images:
  - repository: shop
    tags: ["1.*", latest]
    semver: ">=1.2 <3"
    newest: 3
    name: mirror/shop
    to: dc2
  - archives: ./exports/*.tar
destinations:
  - name: dc2
    to: wss://dc2.example:7700
    token-file: /etc/lighterman/dc2.token
    rate: 10mbit
    windows:
      - {from: "22:00", until: "05:00", days: [mon, sun], rate: 50mbit}
    budget: {bytes: 500MB, per: month}
schedule:
  cron: "0 2 * * *"
  random-delay: 10m
`;
const IMAGES = 'images: [{repository: shop}]';
const DESTINATIONS = 'destinations: [{name: a, to: "ws://a:1"}]';

describe('sync.yaml', () => {
  it('is read with its quantities', () => {
    const config = parseSyncConfig(FULL, 'sync.yaml');
    expect(config).toMatchObject({
      'time-zone': 'Europe/Berlin',
      images: [
        { repository: 'shop', tags: ['1.*', 'latest'], newest: 3, name: 'mirror/shop', to: ['dc2'] },
        { archives: './exports/*.tar' },
      ],
      destinations: [
        {
          effort: 'auto',
          retries: 3,
          rate: 10e6,
          windows: [{ from: 22 * 60, until: 5 * 60, days: ['mon', 'sun'], rate: 50e6 }],
          budget: { bytes: 500e6, per: 'month' },
        },
      ],
      schedule: { cron: '0 2 * * *', 'random-delay': 600_000 },
    });
  });

  it.each([
    ['what is no YAML', 'images: [', /^f\.yaml:1:10: /],
    ['a list of the wrong kind', `${IMAGES}\ndestinations: none`, /^f\.yaml:2:15: destinations: /],
    [
      'a schedule that is none',
      `${IMAGES}\n${DESTINATIONS}\nschedule: {cron: "61 2 * * *"}`,
      /^f\.yaml:3:18: schedule\.cron: "61 2 \* \* \*" is not a cron expression/,
    ],
    [
      'a range that is none',
      `images: [{repository: shop, semver: newest}]\n${DESTINATIONS}`,
      /^f\.yaml:1:37: images\.0\.semver: want a range/,
    ],
    ['nothing to ship', `images: []\n${DESTINATIONS}`, /^f\.yaml:1:9: images: /],
    ['a key that nobody knows', `${IMAGES}\n${DESTINATIONS}\nschedul: {}`, /^f\.yaml:3:10: schedul: /],
    [
      'a key of an entry that nobody knows',
      `images:\n  - repository: shop\n    tag: x\n${DESTINATIONS}`,
      /^f\.yaml:3:10: images\.0\.tag: /,
    ],
    ['a repository with a tag', `images: [{repository: "shop:1"}]\n${DESTINATIONS}`, /^f\.yaml:1:23: images\.0\.repository: /],
    [
      'a rate without a unit',
      `${IMAGES}\ndestinations: [{name: a, to: "ws://a:1", rate: 10}]`,
      /^f\.yaml:2:48: destinations\.0\.rate: "10" is not a rate/,
    ],
    [
      'a time that is none',
      `${IMAGES}\ndestinations: [{name: a, to: "ws://a:1", windows: [{from: "25:00", until: "01:00"}]}]`,
      /time of day/,
    ],
    ['a zone that is none', `time-zone: Mars\n${IMAGES}\n${DESTINATIONS}`, /^f\.yaml:1:12: time-zone: /],
    [
      'two destinations of one name',
      `${IMAGES}\ndestinations: [{name: a, to: "ws://a:1"}, {name: a, to: "ws://b:1"}]`,
      /^f\.yaml:2:50: .*two destinations/,
    ],
    ['a destination that is not there', `images: [{repository: shop, to: b}]\n${DESTINATIONS}`, /there is no destination b: want one of a/],
    ['an address of another kind', `${IMAGES}\ndestinations: [{name: a, to: "http://a"}]`, /want ws:\/\/HOST:PORT/],
    ['nothing at all', '', /^f\.yaml:1:1: /],
  ])('says where the error is: %s', (_, text, message) => {
    expect(() => parseSyncConfig(text, 'f.yaml')).toThrow(message);
  });

  it('survives a file that expands itself', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]', ...['b', 'c', 'd', 'e', 'f', 'g'].map((key, i) => `${key}: &${key} [${Array.from({ length: 9 }, () => `*${'abcdef'[i]}`).join(', ')}]`)].join('\n'); // prettier-ignore
    expect(() => parseSyncConfig(bomb, 'f.yaml')).toThrow(/f\.yaml/);
  });
});

describe('a time of day', () => {
  it('is in minutes since midnight', () => expect(['00:00', '2:30', '24:00'].map(parseTimeOfDay)).toEqual([0, 150, 1440]));

  it.each(['24:01', '12:60', '1200', '1:2', ''])('is not "%s"', (text) =>
    expect(() => parseTimeOfDay(text)).toThrow(/is not a time of day/),
  );
});
