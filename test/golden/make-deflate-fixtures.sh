#!/bin/sh
# Makes the fixtures of deflate-fixtures.test.ts again, with the encoders of Debian 12. Nothing else needs these packages:
#   apt-get install gzip pigz zopfli p7zip-full libdeflate-tools advancecomp golang-go default-jdk-headless python3
#   golang-github-klauspost-compress-dev golang-github-klauspost-pgzip-dev
# The content is taken from this repository as it is now, so the fixtures change with it: keep the old ones unless an encoder is new.
# usage: make-deflate-fixtures.sh DIRECTORY
set -eu
out=$(realpath "$1")
root=$(dirname "$(realpath "$0")")/../..
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
head -c 40000 "$root/shared/DELTA.md" > content
cat "$root/shared/wasm/undeflate.wasm" >> content
head -c 40000 "$root/shared/PROTOCOL.md" >> content
cat content "$root"/shared/*.md content > long

for level in 1 3 6 9; do gzip -n "-$level" < content > "$out/gzip-$level.gz"; done
gzip -6 -c content > "$out/gzip-name.gz"
pigz -c -p 2 long > "$out/pigz-6.gz"
zopfli --i1 -c content > "$out/zopfli.gz"
7z a -tgzip -mx=5 seven.gz content > /dev/null
cp seven.gz "$out/7zip-5.gz"
for level in 1 6 12; do libdeflate-gzip "-$level" -c content > "$out/libdeflate-$level.gz"; done
gzip -c content > advancecomp.gz
advdef -q -z -3 advancecomp.gz
cp advancecomp.gz "$out/advancecomp-3.gz"

cat > go.go << 'GO'
package main

import (
	"compress/gzip"
	"io"
	"os"
	"strconv"
)

func main() {
	level, _ := strconv.Atoi(os.Args[1])
	writer, _ := gzip.NewWriterLevel(os.Stdout, level)
	io.Copy(writer, os.Stdin)
	writer.Close()
}
GO
export GO111MODULE=off GOCACHE="$work/cache" GOPATH=/usr/share/gocode
sed 's#"compress/gzip"#"github.com/klauspost/compress/gzip"#' go.go > klauspost.go
sed 's#"compress/gzip"#gzip "github.com/klauspost/pgzip"#' go.go > pgzip.go
for program in go klauspost pgzip; do go build -o "$program" "$program.go"; done
for level in -2 0 1 2 -1 9; do ./go "$level" < content > "$out/go$level.gz"; done
for level in 1 -1 9; do ./klauspost "$level" < content > "$out/klauspost$level.gz"; done
./pgzip -1 < content > "$out/pgzip-1.gz"

python3 - "$out" << 'PYTHON'
import sys, zlib
content = open('content', 'rb').read()
for level, memory in ((1, 8), (6, 8), (9, 8), (6, 9), (0, 8)):
    encoder = zlib.compressobj(level, zlib.DEFLATED, 15, memory)
    open(f'{sys.argv[1]}/python-{level}-{memory}.zlib', 'wb').write(encoder.compress(content) + encoder.flush())
PYTHON
for level in 1 4 6 9; do
  node -e "const z = require('zlib'), f = require('fs'); f.writeFileSync('$out/node-$level.gz', z.gzipSync(f.readFileSync('content'), { level: $level }))"
done
jar cf content.jar content
python3 - "$out" << 'PYTHON'
import struct, sys, zipfile
with zipfile.ZipFile('content.jar') as archive:
    entry = archive.getinfo('content')
    archive.fp.seek(entry.header_offset)
    name, extra = struct.unpack('<26x2H', archive.fp.read(30))
    archive.fp.seek(entry.header_offset + 30 + name + extra)
    open(f'{sys.argv[1]}/jar.raw', 'wb').write(archive.fp.read(entry.compress_size))
PYTHON
# Members one after the other, and what does not belong to them.
(head -c 20000 content | gzip -n9; tail -c 20000 content | gzip -n6; head -c 512 /dev/zero) > "$out/members.gz"
