#!/usr/bin/env bash
# docker.sh build|start|up|compose FOLDER ARGS..., docker ARGS..., or look: this machine's
# engine, or the one that the script named by COMPOSE_LAB brings up. `start` is `up` as a
# stranger types it; `up` builds first.
set -euo pipefail
verb=$1; shift
if [ -n "${COMPOSE_LAB:-}" ]; then
  export COMPOSE_LAB_WAIT=0
  case $verb in
    # It makes what the images stand on, and builds ours, on the way to `up`.
    build) exec "$COMPOSE_LAB" up "$1" secrets ;;
    up) exec "$COMPOSE_LAB" up "$@" ;;
    look) exit 0 ;;
  esac
  eval "$("$COMPOSE_LAB" env)"
fi
case $verb in
  build)
    docker compose --project-directory "$1" --profile production pull --quiet --ignore-buildable
    exec docker compose --project-directory "$1" build --quiet ;;
  start)
    docker compose --project-directory "$1" up --detach
    # An engine in a network of its own opens its ports on this machine.
    if [ -n "${COMPOSE_LAB:-}" ]; then exec "$COMPOSE_LAB" forward "$1"; fi ;;
  up) folder=$1; shift; exec docker compose --project-directory "$folder" up --detach --build "$@" ;;
  compose) folder=$1; shift; exec docker compose --project-directory "$folder" "$@" ;;
  docker) exec docker "$@" ;;
  look) docker compose version && docker info ;;
esac
