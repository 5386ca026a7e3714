/** Where a worker's module lies: beside its owner, TypeScript when run from the sources, JavaScript when built. */
export function workerUrl(name: string, owner: string): URL {
  return new URL(`./${name}${owner.endsWith('.ts') ? '.ts' : '.js'}`, owner);
}
