"""What can be verified, one adapter a file: each turns somebody's code into operations."""
