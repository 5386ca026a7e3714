#!/bin/sh
# Makes the fixtures of test/golden/members-fixtures.test.ts on Debian 12: files before and after a change in one of the things that they
# hold, by the tools that make them. Needs openjdk-17-jdk-headless, zip, 7zip, python3, gzip. Usage: make-members-fixtures.sh DIRECTORY
set -eu
out=$(readlink -f "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out" "$work/a/pier"
cd "$work/a"
for i in 1 2 3 4 5 6; do
  seq "$i" 7 900 | awk -v i="$i" '{ print "berth", $1 * i, ($1 * $1) % 31 ? "quay" : "tide", ($1 * i * 2654435761) % 65521 }' >"pier/$i.txt"
done
for version in old new; do
  find . -type f -exec touch -d '2026-01-02 03:04:06 UTC' {} +
  jar --create --no-manifest --date=2026-01-02T03:04:06Z --file "$out/jar-$version.jar" pier
  rm -f "$out/zip-$version.zip" "$out/7zip-$version.zip"
  zip -qr "$out/zip-$version.zip" pier
  7z a -tzip -mx=1 "$out/7zip-$version.zip" pier >/dev/null
  python3 -c 'import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as whl:
    for i in range(1, 7): whl.write(f"pier/{i}.txt")' "$out/python-$version.whl"
  cat pier/*.txt | gzip -9n >"$out/gzip-$version.gz"
  sed -i '40s/.*/a berth that was moved/' pier/3.txt
done
