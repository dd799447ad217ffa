#!/bin/sh
# Puts all that the image runs, but its packages, into a folder. Runs in a checkout whose packages are installed.
set -eu

out=$1
mkdir -p "$out/libs/contract" "$out/docker"
node_modules/.bin/tsc -p docker/tsconfig.json --outDir "$out/dist"
cp -R libs/contract/proto "$out/libs/contract/proto"
cp package.json LICENSE "$out"
cp docker/upgate docker/healthcheck.mjs "$out/docker"
