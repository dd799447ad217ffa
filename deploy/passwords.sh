#!/bin/sh
# Makes the passwords of docker-compose.yml, random ones, in a folder (deploy/secrets): once, never over old ones.
# The files can be read by all, since containers run as users of their own; the folder is closed to everybody else.
set -eu

folder=${1:-"$(dirname "$0")/secrets"}
if [ -e "$folder/store" ]; then
  echo "The passwords are in $folder already. Remove it first if every one is to change." >&2
  exit 1
fi
umask 022
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"

password() {
  od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

# For the servers in one file of all, and for the user in the address that it connects to.
nats_user() {
  secret=$(password)
  variable=$(echo "$1" | tr 'a-z-' 'A-Z_')_PASSWORD
  echo "$variable: \"$secret\"" >>nats-passwords.conf
  echo "tls://$1:$secret@nats-1:4222,tls://nats-2:4222,tls://nats-3:4222" >"nats-$1"
}

rm -f nats-passwords.conf
for user in command projection edge-1 edge-2 edge-3; do
  nats_user "$user"
done

admin=$(password)
echo "KURRENTDB_DEFAULT_ADMIN_PASSWORD=$admin" >kurrentdb.env
echo "KURRENTDB_DEFAULT_OPS_PASSWORD=$(password)" >>kurrentdb.env
nodes=kurrentdb-1:2113,kurrentdb-2:2113,kurrentdb-3:2113
echo "kurrentdb://admin:$admin@$nodes?tls=true&tlsCaFile=/run/secrets/ca.crt" >store
