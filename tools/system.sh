#!/bin/sh
# Install the Debian packages that the tests need. On another system: name what is missing and stop.
set -eu

# program : Debian package
needed="softhsm2-util:softhsm2 pdfsig:poppler-utils mutool:mupdf-tools qpdf:qpdf zbarimg:zbar-tools chromium:chromium
certtool:gnutls-bin certutil:libnss3-tools openssl:openssl"
missing=""
for pair in $needed; do
  command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
done
# Servers and modules stand outside PATH.
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
ls /usr/lib/*/pkcs11-spy.so /usr/lib/*/pkcs11/pkcs11-spy.so >/dev/null 2>&1 || missing="$missing opensc-pkcs11"
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
  echo "The tests need these (names of Debian packages):$missing" >&2
  exit 1
fi
sudo=""
[ "$(id -u)" -eq 0 ] || sudo="sudo"
echo "Installing:$missing"
$sudo apt-get update -qq
# shellcheck disable=SC2086 # one word a package
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
