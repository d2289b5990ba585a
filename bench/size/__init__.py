"""What calls and reads cost when there are more and more logs, and what a log takes on the disk."""
