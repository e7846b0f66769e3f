#!/usr/bin/env bash
# Install what the tests need beside pip: install_system.sh NEED… (venv node npm). Does nothing when all is there.
set -euo pipefail

python=${PYTHON:-python3}

is_there() {
  case $1 in
    venv) "$python" -c 'import ensurepip, venv' 2>/dev/null ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

package_of() {
  case $1 in
    venv) echo python3-venv ;;
    node) echo nodejs ;;
    npm) echo npm ;;
    *) echo "install_system.sh: nobody taught me what package brings '$1'" >&2; exit 2 ;;
  esac
}

packages=()
for need in "$@"; do
  package=$(package_of "$need")
  is_there "$need" || packages+=("$package")
done
[ ${#packages[@]} -eq 0 ] && exit 0

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
if ! command -v apt-get >/dev/null || { [ ${#as_root[@]} -gt 0 ] && ! command -v sudo >/dev/null; }; then
  echo "Please install ${packages[*]} (Debian's names), then say make again:" >&2
  echo "there is no apt-get here, or neither root nor sudo to use it with." >&2
  exit 1
fi

echo "Installing ${packages[*]}"
"${as_root[@]}" apt-get update --quiet=2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends "${packages[@]}"
