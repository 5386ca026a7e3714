/** What of an image is the same at both ends, by the kinds of engine that it went between. */
import { describe, expect, it } from 'vitest';
import { compareIdentities } from '../../sender/account/identity.ts';

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const config = digest('c');
const manifest = digest('d');
const made = digest('e');
const pushedAs = (pushed: string): string[] => [`127.0.0.1:5000/shop:1@${pushed}`];

describe('identities', () => {
  it('between classic stores: the id is the config, nothing changes', () => {
    const identity = compareIdentities(
      { imageId: config, manifestDigest: undefined },
      { configDigest: config, imageId: config, pushed: pushedAs(made) },
    );
    expect(identity).toEqual({ configDigest: config, kept: ['image id', 'config digest', 'diffIDs'], changed: [] });
  });

  it('between containerd stores: everything is kept, in the registry too', () => {
    const there = { configDigest: config, imageId: manifest, pushed: pushedAs(manifest) };
    const identity = { configDigest: config, manifestDigest: manifest, kept: ['image id', 'manifest digest', 'config digest', 'diffIDs'], changed: [] }; // prettier-ignore
    expect(compareIdentities({ imageId: manifest, manifestDigest: manifest }, there)).toEqual(identity);
    // An image that was held is not read: what the engine calls it is its manifest.
    expect(compareIdentities({ imageId: manifest, manifestDigest: undefined }, there)).toEqual(identity);
  });

  it('from a containerd store to a classic one: config and diffIDs, and a registry that gets a manifest anew', () => {
    const identity = compareIdentities(
      { imageId: manifest, manifestDigest: manifest },
      { configDigest: config, imageId: config, pushed: pushedAs(made) },
    );
    expect([identity.manifestDigest, identity.kept]).toEqual([manifest, ['config digest', 'diffIDs']]);
    expect(identity.changed).toEqual([
      `image id ${manifest} is ${config} there: over there it is known by its config`,
      `manifest ${manifest} is ${made} in 127.0.0.1:5000/shop:1: the engine there writes manifests of its own`,
    ]);
  });

  it('from a classic store to a containerd one: by the manifest of the archive, or by one that was made', () => {
    const from26 = compareIdentities(
      { imageId: config, manifestDigest: manifest },
      { configDigest: config, imageId: manifest, pushed: [] },
    );
    expect(from26).toMatchObject({ kept: ['manifest digest', 'config digest', 'diffIDs'], changed: [`image id ${config} is ${manifest} there: over there it is known by its manifest`] }); // prettier-ignore
    const from20 = compareIdentities({ imageId: config, manifestDigest: undefined }, { configDigest: config, imageId: made, pushed: [] });
    expect(from20).toMatchObject({ kept: ['config digest', 'diffIDs'], changed: [expect.stringMatching(/which was made for it$/)] });
  });

  it('of an archive: it has no id of its own that could change', () => {
    const identity = compareIdentities(
      { imageId: undefined, manifestDigest: manifest },
      { configDigest: config, imageId: config, pushed: [] },
    );
    expect(identity).toMatchObject({ kept: ['config digest', 'diffIDs'], changed: [] });
  });
});
