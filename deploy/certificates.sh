#!/bin/sh
# Makes the certificates of docker-compose.yml in a folder (deploy/secrets): an authority, unless it is there already,
# and for every node a certificate and key of two years. Run again, it renews the nodes' certificates.
# Needs openssl 1.1.1 or newer.
set -eu

folder=${1:-"$(dirname "$0")/secrets"}
umask 022
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"

# What openssl says matters only if it fails.
exec 3>&2 2>openssl.log
trap 'test $? = 0 || cat openssl.log >&3; rm -f openssl.log extensions request ca.srl' EXIT

if [ ! -e ca.key ]; then
  openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/O=Upgate/CN=Upgate deployment" \
    -addext "keyUsage=critical,keyCertSign,cRLSign" -keyout ca.key -out ca.crt
fi

# KurrentDB's nodes know each other by the common name; everybody else goes by the alternative names.
# Containers run as users of their own and must read the keys: the folder is closed, not they.
for node in kurrentdb-1 kurrentdb-2 kurrentdb-3 nats-1 nats-2 nats-3; do
  {
    echo "subjectAltName=DNS:$node,DNS:localhost,IP:127.0.0.1"
    echo "keyUsage=critical,digitalSignature,keyEncipherment"
    echo "extendedKeyUsage=serverAuth,clientAuth"
  } >extensions
  openssl req -new -newkey rsa:2048 -nodes -subj "/CN=eventstoredb-node" -keyout "$node.key" -out request
  chmod 644 "$node.key"
  openssl x509 -req -in request -CA ca.crt -CAkey ca.key -CAcreateserial -days 730 -extfile extensions \
    -out "$node.crt"
done
