"""The pure core: no Qt, no sockets, no files, no clock."""
