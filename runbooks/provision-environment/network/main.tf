# Lays out an environment on this host: its directory, and a port that nobody else has.
# Only what every binary has built in is used, so that no provider registry is needed.
#
# Each thing is a pair of resources. The first holds the destroy-time provisioner and does nothing when it is created,
# so that it is never tainted and always cleaned up; the second does the work.

terraform {
  required_version = ">= 1.6.0"
}

variable "name" {
  type        = string
  description = "Name of the environment."
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "A name has 3 to 21 small letters, digits and dashes, and begins with a letter."
  }
}

variable "root" {
  type        = string
  description = "Absolute path of the directory that holds all environments."
  validation {
    condition     = startswith(var.root, "/")
    error_message = "The root must be an absolute path."
  }
}

locals {
  directory = "${var.root}/${var.name}"
  # The same name always asks for the same port.
  port        = 20000 + parseint(substr(sha256(var.name), 0, 6), 16) % 10000
  reservation = "${var.root}/.ports/${local.port}"
}

resource "terraform_data" "directory" {
  input = { path = local.directory, name = var.name }
  provisioner "local-exec" {
    when        = destroy
    environment = { DIRECTORY = self.input.path, NAME = self.input.name }
    command     = <<-EOT
      # Only what was laid out for this environment is removed, and what a cut laying out left aside.
      if [ "$(cat "$DIRECTORY/.environment" 2>/dev/null)" = "$NAME" ]; then rm -rf -- "$DIRECTORY"; fi
      rm -rf -- "$DIRECTORY.new"
      rmdir -- "$(dirname -- "$DIRECTORY")" 2>/dev/null || true
    EOT
  }
}

resource "terraform_data" "laid_out" {
  triggers_replace = [terraform_data.directory.id]
  provisioner "local-exec" {
    environment = { DIRECTORY = local.directory, NAME = var.name }
    command     = <<-EOT
      set -eu
      # Made aside and then moved, so that a cut leaves all of it or nothing. No name holds a dot.
      if [ -e "$DIRECTORY/.environment" ]; then
        owner=$(cat "$DIRECTORY/.environment")
        [ "$owner" = "$NAME" ] || { echo "$DIRECTORY belongs to the environment $owner" >&2; exit 1; }
        exit 0
      fi
      if [ -e "$DIRECTORY" ] && ! rmdir -- "$DIRECTORY" 2>/dev/null; then
        echo "$DIRECTORY holds files that this runbook did not make" >&2
        exit 1
      fi
      mkdir -p -- "$DIRECTORY.new"
      printf '%s\n' "$NAME" > "$DIRECTORY.new/.environment"
      mv -- "$DIRECTORY.new" "$DIRECTORY"
    EOT
  }
}

resource "terraform_data" "port" {
  input = { number = local.port, name = var.name, file = local.reservation }
  provisioner "local-exec" {
    when        = destroy
    environment = { FILE = self.input.file, NAME = self.input.name }
    command     = <<-EOT
      if [ "$(cat "$FILE" 2>/dev/null)" = "$NAME" ]; then rm -f -- "$FILE"; fi
      rm -f -- "$FILE.$NAME"
      rmdir -- "$(dirname -- "$FILE")" 2>/dev/null || true
    EOT
  }
  # Destroyed before the directory, so that the root is empty when its turn comes.
  depends_on = [terraform_data.directory]
}

resource "terraform_data" "reserved" {
  triggers_replace = [terraform_data.port.id]
  provisioner "local-exec" {
    environment = { FILE = local.reservation, NAME = var.name, PORT = local.port }
    command     = <<-EOT
      set -eu
      mkdir -p -- "$(dirname -- "$FILE")"
      # What is reserved here already may be listening; anything else that listens is somebody else's.
      if [ ! -e "$FILE" ] && command -v python3 >/dev/null && ! python3 -c 'import socket, sys
      s = socket.socket()
      s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
      s.bind(("127.0.0.1", int(sys.argv[1])))' "$PORT" 2>/dev/null; then
        echo "port $PORT, which the name $NAME asks for, is in use by another program: choose another name" >&2
        exit 1
      fi
      # A link is made only where there is nothing, and whole: of two that come at once, one is refused.
      printf '%s\n' "$NAME" > "$FILE.$NAME"
      if ! ln -- "$FILE.$NAME" "$FILE" 2>/dev/null; then
        owner=$(cat "$FILE")
        rm -f -- "$FILE.$NAME"
        [ "$owner" = "$NAME" ] || { echo "port $PORT is reserved by the environment $owner" >&2; exit 1; }
      fi
      rm -f -- "$FILE.$NAME"
    EOT
  }
}

output "port" {
  value      = local.port
  depends_on = [terraform_data.reserved]
}

output "directory" {
  value      = local.directory
  depends_on = [terraform_data.laid_out]
}

output "url" {
  value = "http://127.0.0.1:${local.port}/"
}
