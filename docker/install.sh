#!/bin/sh
# Installs the packages that the programs need, into a folder with package.json and package-lock.json.
set -eu

cd "$1"
npm ci --omit=dev
# The image brings Node itself.
rm -rf node_modules/node-linux-* node_modules/.bin/node
