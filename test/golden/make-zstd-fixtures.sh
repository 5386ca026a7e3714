#!/bin/sh
# Makes the fixtures of zstd-fixtures.test.ts again, with the encoders of Debian 12 and, for what it does not have, other versions of Klaus Post's
# library from a clone of its repository (github.com/klauspost/compress). Nothing else needs these packages:
#   apt-get install zstd golang-go golang-github-klauspost-compress-dev
# skopeo and podman are those of .ci/fetch-podman; they need root.
# The content is taken from this repository as it is now, so the fixtures change with it: keep the old ones unless an encoder is new.
# usage: make-zstd-fixtures.sh DIRECTORY CLONE PODMAN
set -eu
out=$(realpath "$1")
clone=$(realpath "$2")
podman=$(realpath "$3")
root=$(dirname "$(realpath "$0")")/../..
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# Text, a program, a run of zeros that is longer than a block, and what has no matches but uneven bytes.
head -c 30000 "$root/shared/DELTA.md" > content
cat "$root/shared/wasm/cdc.wasm" "$root/shared/wasm/mix.wasm" >> content
head -c 400000 /dev/zero >> content
head -c 20000 "$root/shared/DELTA.md" | tail -c 10000 >> content
node -e 'let x = 1; const next = () => (x = (x * 48271) % 2147483647); process.stdout.write(Buffer.from(Array.from({ length: 7000 }, () => 32 + (next() % 8) * (next() % 12))))' >> content

for level in 1 3 9 19; do zstd -q "-$level" -c content > "$out/zstd-$level.zst"; done
zstd -q -3 --long=27 -c content > "$out/zstd-long.zst"
(head -c 20000 content | zstd -q -3 -c; printf '\120\052\115\030\005\000\000\000quay!'; tail -c 20000 content | zstd -q -3 -c; printf tail) > "$out/zstd-frames.zst"
node -e "const z = require('zlib'), f = require('fs'); f.writeFileSync('$out/node-3.zst', z.zstdCompressSync(f.readFileSync('content')))"

cat > go.go << 'GO'
package main

import (
	"io"
	"os"
	"strconv"

	"github.com/klauspost/compress/zstd"
)

func main() {
	level, _ := strconv.Atoi(os.Args[1])
	writer, _ := zstd.NewWriter(os.Stdout, zstd.WithEncoderLevel(zstd.EncoderLevel(level)))
	io.Copy(writer, os.Stdin)
	writer.Close()
}
GO
export GO111MODULE=off GOCACHE="$work/cache" PATH="$PATH:/usr/lib/go-1.19/bin"
GOPATH=/usr/share/gocode go build -o klauspost-1.15 go.go
for version in 1.16.7 1.17.4 1.17.11; do
  mkdir -p "$version/src/github.com/klauspost/compress"
  git -C "$clone" ls-tree -r --name-only "v$version" zstd huff0 fse internal compressible.go | grep -v -e testdata -e _test.go | while read -r file; do
    mkdir -p "$(dirname "$version/src/github.com/klauspost/compress/$file")"
    git -C "$clone" show "v$version:$file" > "$version/src/github.com/klauspost/compress/$file"
  done
  GOPATH="$work/$version" go build -o "klauspost-$version" go.go
done
# Where the versions differ: a block of zeros, literals alone, few literals.
head -c 150000 /dev/zero > zeros
tail -c 7000 content > uneven
(printf 'aaabaacaabaaadaabaeaa'; for _ in $(seq 30); do printf 'quay and lighter '; done; tail -c 60 content) | tail -c 500 > few
(printf '\001\000\002\000\000\003\000\001\001\000\004\000\002\000\005\001\002\000\001\003\000\000\006\000\007'; head -c 600 /dev/zero) > fewer
for version in 1.15 1.16.7 1.17.4 1.17.11; do
  "./klauspost-$version" 2 < content > "$out/klauspost-$version.zst"
  for file in zeros uneven few fewer; do "./klauspost-$version" 2 < "$file"; done > "$out/klauspost-$version-odd.zst"
done
for size in 200 900 60000; do head -c "$size" content | ./klauspost-1.17.11 2 > "$out/klauspost-of-$size.zst"; done
head -c 131072 content | ./klauspost-1.17.11 2 > "$out/klauspost-of-131072.zst"
for level in 1 3 4; do ./klauspost-1.17.11 "$level" < content > "$out/klauspost-level-$level.zst"; done

# A layer of one file, as the tools of Podman compress it.
export HOME="$work" XDG_RUNTIME_DIR="$work/run" LD_LIBRARY_PATH="$podman/usr/lib/x86_64-linux-gnu"
mkdir -p run .config/containers layout/blobs/sha256
echo '{"default":[{"type":"insecureAcceptAnything"}]}' > .config/containers/policy.json
printf '[storage]\ndriver = "vfs"\ngraphroot = "%s/graph"\nrunroot = "%s/runroot"\n' "$work" "$work" > storage.conf
export CONTAINERS_STORAGE_CONF="$work/storage.conf"
printf '[engine]\nconmon_path = ["%s/usr/bin/conmon"]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n' "$podman" > containers.conf
export CONTAINERS_CONF="$work/containers.conf"
tar --sort=name --owner=0 --group=0 --mtime=@1451234567 -cf layer content
diff=$(sha256sum layer | cut -d ' ' -f 1)
echo "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:$diff\"]}}" > config.json
echo '[{"Config":"config.json","RepoTags":["quay:1"],"Layers":["layer"]}]' > manifest.json
tar -cf saved.tar manifest.json config.json layer
largest() { find "$1/blobs" -type f -printf '%s %p\n' | sort -n | tail -1 | cut -d ' ' -f 2; }
"$podman/usr/bin/skopeo" copy -q --dest-compress-format zstd docker-archive:saved.tar oci:by-skopeo:quay
cp "$(largest by-skopeo)" "$out/skopeo-1.9.zst"
"$podman/usr/bin/podman" load -q -i saved.tar
"$podman/usr/bin/podman" push -q --compression-format zstd localhost/quay:1 oci:by-podman:quay
cp "$(largest by-podman)" "$out/podman-4.3.zst"
