#!/usr/bin/env bash
# clone.sh FOLDER: what a clone of this checkout would have, were it committed as it stands.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
git ls-files -z --cached --others --exclude-standard |
  tar --create --null --files-from=- | tar --extract --directory "$1"
