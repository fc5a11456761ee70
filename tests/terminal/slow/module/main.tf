variable "directory" {
  type = string
}

resource "terraform_data" "slow" {
  input = var.directory
  provisioner "local-exec" {
    environment = { DIRECTORY = var.directory }
    command     = "mkdir -p \"$DIRECTORY\"; for n in $(seq 1 30); do echo \"line $n\"; sleep 0.1; done; echo laid >> \"$DIRECTORY/log\""
  }
}
