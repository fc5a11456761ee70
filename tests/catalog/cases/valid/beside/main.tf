resource "terraform_data" "note" {}
