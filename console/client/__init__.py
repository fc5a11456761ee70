"""The client's side of the connection to a server, which starts one when none runs."""
